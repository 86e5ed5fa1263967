package hostile

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"math/bits"
)

// SequenceSet returns a sequence parameter set of H.264, of the baseline profile, that claims a size and a number of references.
func SequenceSet(width, height, references int) []byte {
	w := &bitWriter{}
	w.bits(0x420034, 24) // profile, constraints, and a level that libav knows
	w.golomb(0)          // seq_parameter_set_id
	w.golomb(0)          // log2_max_frame_num_minus4
	w.golomb(2)          // pic_order_cnt_type
	w.golomb(references)
	w.bits(0, 1) // gaps_in_frame_num_value_allowed_flag
	w.golomb(width/16 - 1)
	w.golomb(height/16 - 1)
	w.bits(0b11001, 5) // frame_mbs_only, direct_8x8_inference, no cropping, no VUI, the end
	nal, zeros := []byte{0x67}, 0
	for _, b := range w.data {
		if zeros >= 2 && b <= 3 { // it would look like a start code
			nal, zeros = append(nal, 3), 0
		}
		if nal = append(nal, b); b == 0 {
			zeros++
		} else {
			zeros = 0
		}
	}
	return nal
}

// bitWriter writes numbers of some bits, the highest bit first.
type bitWriter struct {
	data []byte
	n    int // bits
}

func (w *bitWriter) bits(v, n int) {
	for i := n - 1; i >= 0; i-- {
		if w.n%8 == 0 {
			w.data = append(w.data, 0)
		}
		w.data[w.n/8] |= byte(v>>i&1) << (7 - w.n%8)
		w.n++
	}
}

// golomb writes a number as an Exp-Golomb code.
func (w *bitWriter) golomb(v int) {
	n := bits.Len(uint(v + 1))
	w.bits(0, n-1)
	w.bits(v+1, n)
}

// grey is an ordinary JPEG.
func grey(width, height int) []byte {
	img := image.NewGray(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = color.Gray{Y: byte(i / width)}.Y
	}
	var out bytes.Buffer
	jpeg.Encode(&out, img, nil) // into memory
	return out.Bytes()
}

// segment is a segment of a JPEG.
func segment(mark byte, body []byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xFF, mark}, uint16(len(body)+2)), body...)
}

// withComment puts a comment into a JPEG.
func withComment(picture []byte, text string) []byte {
	return append(append(bytes.Clone(picture[:2]), segment(0xFE, []byte(text))...), picture[2:]...)
}

// progressive is a progressive JPEG of one grey with many empty scans. Each takes a decoder as long as a whole picture.
func progressive(width, height, scans int) []byte {
	blocks := (width + 7) / 8 * ((height + 7) / 8)
	out := append([]byte{0xFF, 0xD8}, segment(0xDB, append([]byte{0}, bytes.Repeat([]byte{16}, 64)...))...)
	out = append(out, segment(0xC2, []byte{8, byte(height >> 8), byte(height), byte(width >> 8), byte(width), 1, 1, 0x11, 0})...)
	// For DC, a difference of no bits has the code 0. For AC, a run of 2^14 and more blocks without coefficients has it, and one block
	// the code 10.
	out = append(out, segment(0xC4, append([]byte{0, 1, 1}, append(make([]byte, 14), 0, 1)...))...)
	out = append(out, segment(0xC4, append([]byte{0x10, 1, 1}, append(make([]byte, 14), 0xE0, 0)...))...)
	dc := &bitWriter{}
	dc.bits(0, blocks)
	out = append(append(out, segment(0xDA, []byte{1, 1, 0, 0, 0, 0})...), dc.padded()...)
	ac := &bitWriter{}
	for left := blocks; left > 0; {
		run := 1
		if left >= 1<<14 {
			run = min(left, 1<<15-1)
			ac.bits(0, 1)
			ac.bits(run-1<<14, 14)
		} else {
			ac.bits(0b10, 2)
		}
		left -= run
	}
	scan := append(segment(0xDA, []byte{1, 1, 0, 1, 63, 0}), ac.padded()...)
	return append(append(out, bytes.Repeat(scan, scans)...), 0xFF, 0xD9)
}

// padded is what was written, filled up with ones, in the form that it has in a JPEG.
func (w *bitWriter) padded() []byte {
	for w.n%8 > 0 {
		w.bits(1, 1)
	}
	return bytes.ReplaceAll(w.data, []byte{0xFF}, []byte{0xFF, 0})
}
