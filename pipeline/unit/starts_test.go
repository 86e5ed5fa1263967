package unit

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"github.com/framegate/framegate/pipeline/frame"
)

// NAL units of H.264. The slices begin with first_mb_in_slice 0 and a slice_type of ue(5), P, or ue(7), I.
var (
	nalIDR    = []byte{0x65, 0x88, 0x84}
	nalI      = []byte{0x61, 0x88, 0x84}
	nalP      = []byte{0x61, 0x98, 0x84}
	nalSPS    = []byte{0x67, 0x4D, 0x40, 0x0A, 0xEC, 0xA2, 0x13, 0x60, 0x22, 0, 0, 3, 0, 2, 0, 0, 3, 0, 0x64, 0x1E, 0x24, 0x4B, 0x2C}
	nalPPS    = []byte{0x68, 0xCE, 0x3C, 0x80}
	nalTiming = []byte{0x06, 0x01, 0x01, 0x32, 0x80}                   // a SEI of another kind
	nalUser   = append([]byte{0x06, 0x05, 0xFF, 0x02}, make257()...)   // a SEI of 257 bytes
	nal25     = []byte{0x06, 0x06, 0x02, 0x0D, 0x40, 0x80}             // recovery_frame_cnt 25
	nal0      = []byte{0x06, 0x06, 0x01, 0xC4, 0x80}                   // recovery_frame_cnt 0
	nalBoth   = []byte{0x06, 0x01, 0x01, 0x32, 0x06, 0x02, 0x0D, 0x40} // timing, and then recovery_frame_cnt 25
)

func make257() []byte {
	user := make([]byte, 257)
	for i := range user {
		user[i] = byte(i)%200 + 1
	}
	return append(user, 0x80)
}

// joined makes an access unit of NAL units, in both forms.
func joined(nals ...[]byte) (lengths, codes []byte) {
	for _, nal := range nals {
		lengths = append(binary.BigEndian.AppendUint32(lengths, uint32(len(nal))), nal...)
		codes = append(append(codes, 0, 0, 0, 1), nal...)
	}
	return lengths, codes
}

func TestDecodingBeginsAtKeyframesAndRecoveryPointsOnly(t *testing.T) {
	trail := []byte{0x02, 0x01, 0xD0}
	for name, c := range map[string]struct {
		codec string
		nals  [][]byte
		key   bool // as the reader says
		want  Start
	}{
		"IDR":                                 {"h264", [][]byte{nalSPS, nalPPS, nalIDR}, true, Start{Key: true}},
		"IDR that the reader missed":          {"h264", [][]byte{nalIDR}, false, Start{Key: true}},
		"P":                                   {"h264", [][]byte{nalP}, false, Start{}},
		"P that the reader calls a keyframe":  {"h264", [][]byte{nalSPS, nalPPS, nalP}, true, Start{}},
		"intra picture without IDR":           {"h264", [][]byte{nalI, nalI}, true, Start{Key: true, Assumed: true}},
		"one of its slices is intra":          {"h264", [][]byte{nalI, nalP}, true, Start{}},
		"another one of its slices is intra":  {"h264", [][]byte{nalP, nalI}, true, Start{}},
		"recovery point":                      {"h264", [][]byte{nal25, nalP}, true, Start{Recovery: 25}},
		"recovery point after other messages": {"h264", [][]byte{nalUser, nalTiming, nalBoth, nalP}, true, Start{Recovery: 25}},
		"recovery point with an intra slice":  {"h264", [][]byte{nal25, nalI, nalP}, true, Start{Recovery: 25}},
		"recovery point at an IDR":            {"h264", [][]byte{nal25, nalIDR}, true, Start{Key: true}},
		"recovery at once, intra":             {"h264", [][]byte{nal0, nalI}, true, Start{Key: true}},
		"recovery at once, intra field first": {"h264", [][]byte{nal0, nalI, nalP}, true, Start{Key: true}},
		"recovery at once, not intra":         {"h264", [][]byte{nal0, nalP}, true, Start{}},
		"recovery point that is cut off":      {"h264", [][]byte{nal25[:3], nalP}, true, Start{}},
		"no slice":                            {"h264", [][]byte{nalSPS}, true, Start{Key: true}},
		"H.265 IDR":                           {"h265", [][]byte{{19 << 1, 1, 0xA0}}, false, Start{Key: true}},
		"H.265 CRA":                           {"h265", [][]byte{{21 << 1, 1, 0xA0}}, false, Start{Key: true}},
		"H.265 BLA":                           {"h265", [][]byte{{16 << 1, 1, 0xA0}}, false, Start{Key: true}},
		"H.265 trailing picture":              {"h265", [][]byte{trail}, true, Start{}},
		"H.265 recovery point, se(v) of 8":    {"h265", [][]byte{{39 << 1, 1, 6, 2, 0x08, 0x40, 0x80}, trail}, false, Start{Recovery: 8}},
		"H.265 recovery at once":              {"h265", [][]byte{{39 << 1, 1, 6, 1, 0xC4, 0x80}, trail}, false, Start{Key: true}},
		"another codec, keyframe":             {"vp8", [][]byte{{1}}, true, Start{Key: true}},
		"another codec, no keyframe":          {"vp8", [][]byte{{1}}, false, Start{}},
	} {
		lengths, codes := joined(c.nals...)
		for form, data := range map[string][]byte{"avc": lengths, "byte-stream": codes} {
			s := NewStarts(&Format{Caps: "stream-format=(string)" + form, Stream: frame.Stream{Codec: c.codec}})
			if got := s.Of(data, c.key); got != c.want {
				t.Errorf("%s, %s: got %+v, want %+v", name, form, got, c.want)
			}
		}
	}
}

// interlaced is an SPS whose pictures may be fields, from x264 with tff=1.
var interlaced = []byte{0x67, 0x4D, 0x40, 0x15, 0xEC, 0xA2, 0x26, 0xC0, 0x44, 0, 0, 3, 0, 4, 0, 0, 3, 0, 0xC8, 0x7C, 0x50, 0xA6, 0x58}

func TestRecoveryOfFieldsTakesTwiceAsManyUnits(t *testing.T) {
	if !mayHaveFields(interlaced) || mayHaveFields(nalSPS) {
		t.Fatal("an SPS is not read")
	}
	config := append([]byte{1, 0x4D, 0x40, 0x1E, 0xFF, 0xE1, 0, byte(len(interlaced))}, interlaced...)
	unit, _ := joined(nal25, nalP)
	s := NewStarts(&Format{Caps: "video/x-h264, codec_data=(buffer)" + hex.EncodeToString(config), Stream: frame.Stream{Codec: "h264"}})
	if got := s.Of(unit, false); got.Recovery != 50 {
		t.Errorf("by codec_data: got %+v", got)
	}
	unit, _ = joined(interlaced, nalPPS, nal25, nalP)
	s = NewStarts(&Format{Stream: frame.Stream{Codec: "h264"}})
	if got := s.Of(unit, false); got.Recovery != 50 {
		t.Errorf("by the unit: got %+v", got)
	}
}

func TestRepeatedParameterSetsAreAnAssumedRecoveryPoint(t *testing.T) {
	plain, _ := joined(nalP)
	sets, _ := joined(nalSPS, nalPPS, nalP)
	for name, c := range map[string]struct {
		repeat func(n int) bool
		want   []int // units that are recovery points, of the first 50
	}{
		"every 10 units":   {func(n int) bool { return n%10 == 3 }, []int{23, 33, 43}},
		"with each unit":   {func(int) bool { return true }, nil},
		"never":            {func(int) bool { return false }, nil},
		"without an order": {func(n int) bool { return slices.Contains([]int{0, 7, 19, 24, 40}, n) }, nil},
	} {
		s := NewStarts(&Format{Stream: frame.Stream{Codec: "h264"}})
		var got []int
		for n := range 50 {
			unit := plain
			if c.repeat(n) {
				unit = sets
			}
			start := s.Of(unit, false)
			if start.Recovery > 0 {
				got = append(got, n)
			}
			if start.Assumed != (start.Recovery > 0) || start.Recovery > 0 && start.Recovery != 10 {
				t.Errorf("%s: got %+v", name, start)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: recovery points %v, want %v", name, got, c.want)
		}
	}
}
