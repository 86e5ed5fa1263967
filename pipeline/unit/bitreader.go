package unit

// bitReader reads numbers of some bits, the highest bit first. At the end of its data it reads zeros, and over is set.
type bitReader struct {
	data []byte
	pos  int
	over bool
}

// bits reads a number of up to 32 bits.
func (r *bitReader) bits(n int) (v int) {
	for range n {
		bit := 0
		if r.pos < 8*len(r.data) {
			bit = int(r.data[r.pos/8]>>(7-r.pos%8)) & 1
		} else {
			r.over = true
		}
		v, r.pos = v<<1|bit, r.pos+1
	}
	return v
}

func (r *bitReader) flag() bool { return r.bits(1) == 1 }
