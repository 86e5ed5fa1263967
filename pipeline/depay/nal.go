package depay

import (
	"bytes"
	"slices"
	"time"

	"github.com/framegate/framegate/pipeline/unit"

	"github.com/pion/rtp"
)

// syntax is how the NAL units of a codec are read. H.264 and H.265 have one each.
type syntax struct {
	header int                                // length of a NAL unit's header in bytes
	kind   func(nal []byte) byte              // nal_unit_type
	slice  func(kind byte) bool               // a part of a picture
	first  func(nal []byte) bool              // the slice is the first one of its picture
	opens  func(kind byte) bool               // it comes only before a picture's slices, so it ends the previous picture
	key    func(kind byte) bool               // a slice of a keyframe
	unused func(kind byte) bool               // no decoder needs it
	unpack func(a *assembler, payload []byte) // takes the NAL units of a packet
	// format reads the format from a sequence parameter set, and whether pictures may consist of two fields. f is nil if the
	// set makes no sense.
	format func(sps []byte) (f *unit.Format, fields bool)
	set    func(kind byte) (place int, ok bool) // the kinds of parameter sets, in the order in which they are sent
}

// assembler makes access units of NAL units, with start codes before each (H.264 and H.265, annex B). Every keyframe gets the
// parameter sets that it needs.
//
// A unit ends with the marker bit, with a new time, or where the next picture begins. By the standard the marker alone is enough,
// but some cameras never set it, or set it after every NAL unit or slice, and others send two pictures with one time. So the
// marker is trusted only once it has been seen to fit.
type assembler struct {
	*syntax
	sink   Sink
	odd    oddities
	clock  clock
	order  order
	sets   sets
	fields bool // pictures may consist of two fields
	// format is that of the units, and announced that of the newest sequence parameter set, which newFormat says is another one.
	format, announced *unit.Format
	newFormat         bool
	starts            unit.Starts // of format
	left              int         // NAL units that may still come of the present packet

	unit     []byte
	out      []byte // a unit with parameter sets, reused
	time     uint32 // of the unit's packets
	slices   int
	key      bool
	lost     bool // packets of the unit are missing
	headless bool // its first slice is missing
	open     int  // where the NAL unit begins whose fragments are arriving; -1 if there is none
	large    int  // bytes of a unit that is too large; 0 if it is not
	markers  int  // how many packets with slices had the marker
	marked   bool // the newest one had
	skip     bool // slices belong to a picture whose first part was passed on already, and are dropped

	started   bool // a unit has ended, so that the next one is received from its beginning
	counted   bool // the unit, or one before it, is counted as broken
	marks     marks
	ended     bool // a marker has ended a unit, whose time is endedTime
	endedTime uint32
	arrived   time.Time
}

func newAssembler(m Media, sink Sink, s *syntax) *assembler {
	a := &assembler{syntax: s, sink: sink, odd: oddities{report: sink.Odd}, open: -1}
	a.clock.rate, a.marks.odd = int64(m.Clock), &a.odd
	return a
}

// Packet takes a packet.
func (a *assembler) Packet(p *rtp.Packet, arrived time.Time) {
	gap, repeated := a.order.next(p)
	if repeated {
		return
	}
	if gap {
		a.dropFragments()
		a.count()
	}
	if p.Timestamp != a.time {
		if a.slices > 0 {
			a.finish(gap && !a.marked)
		} else if a.lost || a.large > 0 {
			a.lose()
		}
		a.time, a.skip = p.Timestamp, false
	}
	a.lost = a.lost || gap
	switch {
	case len(a.unit)+len(p.Payload) > unit.BufferLimit:
		a.large = max(a.large, len(a.unit)) + len(p.Payload)
		a.dropFragments()
	case len(p.Payload) > 0:
		if room := len(a.unit) + 2*len(p.Payload); room > cap(a.unit) && room > expectedUnit { // the usual growth would leave several copies behind
			a.unit = slices.Grow(a.unit, unit.BufferLimit+2*len(p.Payload)-len(a.unit))
		}
		a.left = maxNALs
		a.unpack(a, p.Payload)
	}
	a.arrived = arrived
	a.marked = p.Marker && a.open < 0
	if !a.marked || a.slices == 0 {
		return
	}
	if a.markers++; a.marks.trusted {
		a.ended, a.endedTime = true, a.time
		a.finish(false)
	}
}

// maxNALs is how many NAL units of a packet are taken. A packet of 64 KB could have 15,000 of two bytes, each a separate picture; a
// picture of one slice for each row of macroblocks has 270 in 8K.
const maxNALs = 512

// dropFragments drops a NAL unit of which packets are missing.
func (a *assembler) dropFragments() {
	if a.open >= 0 {
		a.unit, a.open, a.lost = a.unit[:a.open], -1, true
	}
}

// expectedUnit is a size in bytes. Undamaged units of all known cameras are smaller.
const expectedUnit = 4 << 20

var startCode = []byte{0, 0, 0, 1}

// fragment takes a part of a NAL unit. first has the NAL unit's header if this is the first part.
func (a *assembler) fragment(first []byte, part []byte, last bool) {
	if first != nil {
		a.dropFragments()
		// The first bytes of a slice say whether a picture begins.
		if !a.begin(append(first, part[:min(len(part), 8)]...)) {
			return
		}
		a.open = len(a.unit)
		a.unit = append(append(a.unit, startCode...), first...)
	}
	if a.open < 0 {
		a.lost = a.lost || !a.skip
		return
	}
	a.unit = append(a.unit, part...)
	if last {
		nal := a.unit[a.open+len(startCode):]
		kind := a.kind(nal)
		if _, set := a.set(kind); set || !a.slice(kind) && bytes.Contains(nal, startCode[1:]) { // start codes inside: it is more than one
			nal = bytes.Clone(nal)
			a.unit, a.open = a.unit[:a.open], -1
			a.nals(nal)
			return
		}
		a.open = -1
		a.took(kind, nal)
	}
}

// nals takes a NAL unit, or several with start codes between them.
func (a *assembler) nals(data []byte) {
	a.dropFragments() // of a NAL unit whose last fragment never came
	for len(data) >= a.header {
		nal := data
		data = nil
		if !a.slice(a.kind(nal)) {
			if at := bytes.Index(nal, startCode[1:]); at >= 0 {
				a.odd.is("its packets contain start codes")
				nal, data = bytes.TrimRight(nal[:at], "\x00"), nal[at+len(startCode)-1:]
			}
		}
		a.nal(nal)
	}
}

// nal takes a NAL unit.
func (a *assembler) nal(nal []byte) {
	if len(nal) < a.header {
		return
	}
	if a.left--; a.left < 0 {
		a.lost = true
		return
	}
	kind := a.kind(nal)
	if a.unused(kind) {
		if a.opens(kind) && a.slices > 0 {
			a.finish(false)
		}
		return
	}
	if !a.begin(nal) || !a.readable(kind, nal) {
		return
	}
	a.unit = append(append(a.unit, startCode...), nal...)
	a.took(kind, nal)
}

// readable reports whether a NAL unit may be passed on. A sequence parameter set must make sense here, because it says how much memory a
// decoder takes, and that must be known before a decoder reads it.
func (a *assembler) readable(kind byte, nal []byte) bool {
	if place, ok := a.set(kind); !ok || place != sequenceSet || a.sets.has(place, nal) {
		return true
	}
	f, _ := a.syntax.format(nal)
	return f != nil && len(nal) <= maxSet
}

// begin ends the unit if nal begins another picture. It reports whether to keep nal.
func (a *assembler) begin(nal []byte) bool {
	kind := a.kind(nal)
	if !a.slice(kind) {
		if a.opens(kind) {
			a.skip = false
			if a.slices > 0 {
				a.finish(false)
			}
		}
		return !a.skip
	}
	switch first := a.first(nal); {
	case first && a.slices > 0 && (a.marked || !a.fields): // the two fields of a picture may share one time
		a.finish(false)
	case !first && a.slices == 0 && !a.lost && a.ended && a.endedTime == a.time:
		a.marks.distrust()
		a.skip = true
	case first:
		a.skip = false
	}
	return !a.skip
}

// took records a NAL unit that has been added to the unit.
func (a *assembler) took(kind byte, nal []byte) {
	a.keep(kind, nal)
	if a.slice(kind) {
		a.headless = a.headless || a.slices == 0 && !a.first(nal)
		a.slices++
		a.key = a.key || a.syntax.key(kind)
	}
}

// keep keeps a NAL unit that is a parameter set.
func (a *assembler) keep(kind byte, nal []byte) {
	place, ok := a.set(kind)
	if !ok || !a.readable(kind, nal) || !a.sets.keep(place, nal) || place != sequenceSet {
		return
	}
	if f, fields := a.syntax.format(nal); f != nil {
		if a.fields = fields; fields {
			a.odd.is("its pictures may be interlaced, so edges that move look like combs")
		}
		if a.announced == nil || *f != *a.announced {
			a.announced, a.newFormat = f, true
		}
	}
}

// count reports that a unit is missing or damaged, at most once for each unit that arrives.
func (a *assembler) count() {
	if a.started && !a.counted && a.large == 0 {
		a.counted = true
		a.sink.Broken()
	}
}

// lose ends a unit of which no whole slice has arrived.
func (a *assembler) lose() {
	a.count()
	a.started = true
	a.reset()
}

// finish passes the unit on, or drops it if its end is missing, and begins another one.
func (a *assembler) finish(endMissing bool) {
	a.dropFragments()
	switch {
	case a.large > 0:
	case !a.started && a.headless: // the connection began in the middle of it
	case endMissing, a.key && a.headless: // a damaged keyframe would damage all pictures up to the next one
		a.count()
	default:
		a.marks.see(a.markers, a.marked)
		a.pass()
	}
	a.started = true
	a.reset()
}

// reset begins another unit.
func (a *assembler) reset() {
	if a.large > 0 {
		a.sink.TooLarge(a.large)
	}
	a.unit, a.open, a.large = a.unit[:0], -1, 0
	if cap(a.unit) > 2*expectedUnit {
		a.unit = nil
	}
	a.slices, a.key, a.lost, a.headless, a.counted, a.markers, a.marked = 0, false, false, false, false, 0, false
}

// pass passes the unit on. If a decoder may begin there, the parameter sets that the unit lacks are put before it.
func (a *assembler) pass() {
	if a.format != a.announced && (a.key || a.newFormat) {
		a.format, a.newFormat, a.starts = a.announced, false, unit.NewStarts(a.announced)
	}
	if a.format == nil {
		if a.key {
			a.sink.Sizeless()
		} else {
			a.sink.Undescribed(a.clock.at(a.time), a.arrived)
		}
		return
	}
	data := a.unit
	if start := a.starts.Of(data, a.key); (start.Key || start.Recovery > 0) && a.sets.missing(a.syntax, data) {
		a.out = append(a.sets.all(a.out[:0]), data...)
		data = a.out
		if cap(a.out) > 2*expectedUnit {
			a.out = nil
		}
	}
	a.sink.Unit(Unit{Data: data, PTS: a.clock.at(a.time), Key: a.key, Arrived: a.arrived, Format: a.format})
}

// State reports whether a unit is unfinished, and whether it may be complete.
func (a *assembler) State() (unfinished, maybeComplete bool) {
	return len(a.unit) > 0, a.slices > 0 && a.open < 0 && !a.marks.trusted
}

// Flush ends a unit that may be complete.
func (a *assembler) Flush() {
	if _, may := a.State(); may {
		a.finish(false)
	}
}
