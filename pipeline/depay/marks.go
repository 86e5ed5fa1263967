package depay

// marks says whether the marker bits of a stream can be trusted. By the standards the last packet of each unit has the marker bit,
// and no other.
type marks struct {
	odd        *oddities
	trusted    bool // a marker ends a unit
	distrusted bool // and never will again
	without    int  // units in a row without a marker, until one had it
}

// withoutMarks is how many units must have no marker until that is reported. The connection may have begun in the middle of the first.
const withoutMarks = 3

// see takes a whole unit, of which so many packets had the marker, and whether its last packet had it.
func (m *marks) see(markers int, last bool) {
	switch {
	case m.trusted, m.distrusted:
	case markers == 1 && last:
		m.trusted = true
	case markers > 0:
		m.distrust()
	default:
		if m.without++; m.without == withoutMarks {
			m.odd.is("it never sets the marker bit, so each picture is shown when the next one begins, or 250 ms late")
		}
	}
}

// distrust makes markers no longer end units.
func (m *marks) distrust() {
	m.trusted, m.distrusted = false, true
	m.odd.is("it sets the marker bit in the middle of pictures, so each is shown only when the next one begins")
}
