package jpeg

import (
	"bytes"
	"encoding/binary"
	"errors"
	stdjpeg "image/jpeg"
	"slices"
)

// Complete reports whether the scan of a picture, read from data, has exactly the data that its header announces. It decodes the
// Huffman codes of the picture, which takes about as long as a fifth of decoding it.
func (h Header) Complete(data []byte) bool {
	end, complete := h.checkScan(data[:h.end])
	if !complete || h.noEndMarker || end == h.end {
		return complete
	}
	marker := end
	for marker+2 < h.end && data[marker+1] == 0xFF { // fill bytes
		marker++
	}
	return marker+2 <= h.end && data[marker] == 0xFF && data[marker+1] == markEOI
}

// checkScan reports whether the scan is complete, and where its data ends.
func (h Header) checkScan(data []byte) (end int, complete bool) {
	frame, err := h.components()
	if err != nil {
		return 0, false
	}
	if h.mark > 0xC1 || int(data[h.scan+4]) != len(frame.components) {
		return h.decodes(data)
	}
	r := scanReader{data: data, at: h.body}
	err = h.prepare(data, frame, &r)
	if err != nil || r.read(frame) != nil {
		return 0, false
	}
	return r.position(), true
}

// maxChecked is the largest picture, in pixels, that is decoded to see whether it is complete.
const maxChecked = 16 << 20

// worthDecoding reports whether a picture has enough data for its size to be decoded: a decoder allocates memory for the size that
// the header states. An empty picture has about three bytes for every 1024 pixels.
func worthDecoding(width, height, bytes int) bool {
	return int64(width)*int64(height) <= min(maxChecked, 1024*int64(bytes))
}

// What a picture of several scans may cost. A decoder visits all of a picture's pixels in each scan, however few data the scan has.
// Encoders write about ten.
const (
	maxScans    = 100
	maxScanWork = 256 << 20 // scans times pixels
)

// TooManyScans reports whether a picture has more scans than a decoder should be given for its size.
func (h Header) TooManyScans() bool {
	return h.scans > maxScans || int64(h.scans)*int64(h.Width)*int64(h.Height) > maxScanWork && h.scans > 1
}

// Scans is the number of scans of a picture that a decoder reads one after the other.
func (h Header) Scans() int { return max(1, h.scans) }

// several reports whether a decoder reads more than the first scan of a picture, from data: if it is progressive, or its first scan
// lacks components.
func (h Header) several(data []byte) bool {
	return h.mark == 0xC2 || h.mark == 0xCA || len(h.frame) > 5 && data[h.scan+4] < h.frame[5]
}

// decodes reports whether Go's decoder can read a picture, the only check of a progressive one.
func (h Header) decodes(data []byte) (end int, ok bool) {
	if !worthDecoding(h.Width, h.Height, len(data)) || h.TooManyScans() {
		return 0, false
	}
	h.end, h.noEndMarker = len(data), true
	_, err := stdjpeg.Decode(bytes.NewReader(h.Repaired(data)))
	return len(data), err == nil
}

// frameHeader is the content of a frame's header.
type frameHeader struct {
	bits          int
	width, height int
	components    []component
	across, down  int // the largest sampling factors
}

// component is one component of a frame.
type component struct {
	id           byte
	across, down int // sampling factors
	dc, ac       *huffman
}

var errFrame = errors.New("an impossible frame header")

// components reads the frame's header.
func (h Header) components() (f frameHeader, err error) {
	content := h.frame
	n := int(content[5])
	if n < 1 || n > 4 || len(content) < 6+3*n {
		return f, errFrame
	}
	f = frameHeader{bits: int(content[0]), width: h.Width, height: h.Height}
	for _, c := range slices.Collect(slices.Chunk(content[6:6+3*n], 3)) {
		made := component{id: c[0], across: int(c[1] >> 4), down: int(c[1] & 15)}
		if made.across < 1 || made.across > 4 || made.down < 1 || made.down > 4 {
			return f, errFrame
		}
		f.across, f.down = max(f.across, made.across), max(f.down, made.down)
		f.components = append(f.components, made)
	}
	return f, nil
}

// prepare reads the tables that the first scan refers to.
func (h Header) prepare(data []byte, f frameHeader, r *scanReader) error {
	var tables [2][4]*huffman
	if !h.huffman {
		if err := readHuffman(&tables, standardHuffman[4:]); err != nil {
			return err
		}
	}
	for at := h.start + 2; at < h.scan; {
		s, err := nextSegment(data, at)
		if err != nil {
			return err
		}
		switch {
		case s.mark == markDHT:
			if err := readHuffman(&tables, s.content); err != nil {
				return err
			}
		case s.mark == markDRI && len(s.content) >= 2:
			r.interval = int(binary.BigEndian.Uint16(s.content))
		}
		at = s.end
	}
	selectors := data[h.scan+5 : h.body]
	if len(selectors) < 2*len(f.components) {
		return errFrame
	}
	for i := range f.components {
		c, tab := &f.components[i], selectors[2*i+1]
		if selectors[2*i] != c.id || tab>>4 > 3 || tab&15 > 3 {
			return errFrame
		}
		c.dc, c.ac = tables[0][tab>>4], tables[1][tab&15]
		if c.dc == nil || c.ac == nil {
			return errFrame
		}
	}
	return nil
}

// scanReader reads the Huffman codes of a sequential scan and discards their values.
type scanReader struct {
	data     []byte
	at       int
	bits     uint64 // the lowest count bits are those that follow
	count    int
	interval int // units between restart markers; 0 if there are none
}

var errScan = errors.New("the scan is damaged or cut off")

// read reads all units of a scan with all components of the frame.
func (r *scanReader) read(f frameHeader) error {
	if len(f.components) == 1 { // then the units are single blocks
		f.components[0].across, f.components[0].down, f.across, f.down = 1, 1, 1, 1
	}
	across, down := 8*f.across, 8*f.down
	units := (f.width + across - 1) / across * ((f.height + down - 1) / down)
	for n := range units {
		if r.interval > 0 && n > 0 && n%r.interval == 0 {
			if err := r.restart(n/r.interval - 1); err != nil {
				return err
			}
		}
		for i := range f.components {
			c := &f.components[i]
			for range c.across * c.down {
				if err := r.block(c); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// block reads the codes of 64 coefficients.
func (r *scanReader) block(c *component) error {
	size, err := r.code(c.dc)
	if err != nil || size > 16 {
		return errScan
	}
	if err := r.skip(int(size)); err != nil {
		return err
	}
	for k := 1; k < 64; k++ {
		code, err := r.code(c.ac)
		if err != nil {
			return err
		}
		run, size := int(code>>4), int(code&15)
		switch {
		case size > 0:
			if k += run; k > 63 {
				return errScan
			}
			if err := r.skip(size); err != nil {
				return err
			}
		case run == 15:
			k += 15
		default: // the end of the block
			return nil
		}
	}
	return nil
}

// fill reads bytes into bits until the next marker, or until bits is full.
func (r *scanReader) fill() {
	for r.count <= 48 && r.at < len(r.data) {
		b := r.data[r.at]
		if b == 0xFF {
			if r.at+1 >= len(r.data) || r.data[r.at+1] != 0 {
				return
			}
			r.at++
		}
		r.at++
		r.bits = r.bits<<8 | uint64(b)
		r.count += 8
	}
}

// skip skips n bits, at most 16.
func (r *scanReader) skip(n int) error {
	if r.count < n {
		if r.fill(); r.count < n {
			return errScan
		}
	}
	r.count -= n
	return nil
}

// code reads a Huffman code and returns its value.
func (r *scanReader) code(h *huffman) (byte, error) {
	if r.count < 16 {
		r.fill()
	}
	var next uint64 // 16 bits; ones where the data has ended, which are no code
	if r.count >= 16 {
		next = r.bits >> (r.count - 16)
	} else {
		missing := 16 - r.count
		next = r.bits<<missing | (1<<missing - 1)
	}
	length, value := h.find(uint16(next))
	if length == 0 || length > r.count {
		return 0, errScan
	}
	r.count -= length
	return value, nil
}

// restart skips a restart marker, the nth of the scan.
func (r *scanReader) restart(n int) error {
	if r.fill(); r.count >= 8 {
		return errScan
	}
	for r.at+1 < len(r.data) && r.data[r.at] == 0xFF && r.data[r.at+1] == 0xFF {
		r.at++
	}
	if r.at+1 >= len(r.data) || r.data[r.at] != 0xFF || r.data[r.at+1] != byte(markRST0+n%8) {
		return errScan
	}
	r.at, r.count = r.at+2, 0
	return nil
}

// position is where the codes end that have been read.
func (r *scanReader) position() int {
	at := r.at
	for range r.count / 8 {
		if at--; r.data[at] == 0 && r.data[at-1] == 0xFF {
			at--
		}
	}
	return at
}
