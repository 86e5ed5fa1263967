package unit

import (
	"bytes"
	"math/bits"
	"reflect"
	"slices"

	writer "github.com/bluenviron/mediacommon/v2/pkg/bits"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// WithRoom returns an access unit whose sequence parameter sets state that a decoder of H.264 has room for a picture besides
// those that others refer to. A unit that states that already, or nothing, is returned as it is, and so are other codecs and
// NAL units behind lengths.
//
// The stateless decoders of GStreamer take the number that is stated, max_dec_frame_buffering, for the size of their buffer. When
// the buffer is full, they give a picture only when the next one arrives (gst_h264_dpb_needs_bump, 1.20 to 1.26).
func WithRoom(data []byte, f *Format) []byte {
	if f.Stream.Codec != "h264" || hasLengths(f) {
		return data
	}
	changed := data
	for nal := range nalUnits(data, false) {
		kind := nal[0] & 0x1F
		if kind >= h264Slice && kind <= h264IDR {
			break
		}
		if kind != h264SPS {
			continue
		}
		end := len(nal)
		if i := bytes.Index(nal, []byte{0, 0, 1}); i >= 0 {
			end = i
		}
		set := bytes.TrimRight(nal[:end], "\x00") // zeros may precede a start code (ITU-T H.264, B.1)
		roomy := withRoom(set)
		if roomy == nil {
			continue
		}
		behind := len(nal) // the bytes from the set to the end of the unit, which are the same in both
		at := len(changed) - behind
		changed = slices.Concat(changed[:at], roomy, changed[at+len(set):])
	}
	return changed
}

// withRoom returns a sequence parameter set that states more room, nil if it need not or cannot.
func withRoom(set []byte) []byte {
	var s h264.SPS
	if s.Unmarshal(set) != nil || s.VUI == nil || s.VUI.BitstreamRestriction == nil {
		return nil
	}
	stated, wanted := s.VUI.BitstreamRestriction.MaxDecFrameBuffering, s.MaxNumRefFrames+1
	if stated >= wanted || wanted > 16 { // the most that any level allows (A.3.1); that of the stream may allow less, which no decoder minds
		return nil
	}
	// max_dec_frame_buffering is the last field (E.1.1), followed by a bit that is set and bits that are not (7.3.2.11).
	rbsp := bytes.TrimRight(h264.EmulationPreventionRemove(set), "\x00")
	if len(rbsp) == 0 {
		return nil
	}
	end := 8*len(rbsp) - 1 - bits.TrailingZeros8(rbsp[len(rbsp)-1])
	at := end - golombLength(stated)
	if at < 0 {
		return nil
	}
	pos := at
	if got, err := writer.ReadGolombUnsigned(rbsp, &pos); err != nil || got != stated || pos != end {
		return nil
	}
	out := append(bytes.Clone(rbsp[:at/8+1]), make([]byte, 8)...)
	out[at/8] &= ^(byte(0xFF) >> (at % 8))
	pos = at
	writer.WriteBitsUnsafe(out, &pos, uint64(wanted)+1, golombLength(wanted))
	writer.WriteFlagUnsafe(out, &pos, true)
	roomy := preventEmulation(out[:(pos+7)/8])
	// In a set that lacks its end, another field was taken for the last one.
	var changed h264.SPS
	if s.VUI.BitstreamRestriction.MaxDecFrameBuffering = wanted; changed.Unmarshal(roomy) != nil || !reflect.DeepEqual(changed, s) {
		return nil
	}
	return roomy
}

// golombLength is how many bits a number has in the code ue(v) (9.1).
func golombLength(n uint32) int { return 2*bits.Len32(n+1) - 1 }

// preventEmulation inserts the bytes that keep a NAL unit from looking like a start code (7.4.1).
func preventEmulation(rbsp []byte) (nal []byte) {
	zeros := 0
	for _, b := range rbsp {
		if zeros == 2 && b <= 3 {
			nal, zeros = append(nal, 3), 0
		}
		nal = append(nal, b)
		if b == 0 {
			zeros++
		} else {
			zeros = 0
		}
	}
	return nal
}
