package unit

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/framegate/framegate/pipeline/frame"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// spsThatClaims makes a sequence parameter set of H.264, of the baseline profile.
func spsThatClaims(width, height, references int) []byte {
	return setOf("01000010" + "00000000" + "00110100" + ue(0) + ue(0) + ue(2) + ue(references) + "0" + ue(width/16-1) + ue(height/16-1) + "11001")
}

// numbered is such a set with one reference and a number of its own.
func numbered(id, width, height int) []byte {
	return setOf("01000010" + "00000000" + "00110100" + ue(id) + ue(0) + ue(2) + ue(1) + "0" + ue(width/16-1) + ue(height/16-1) + "11001")
}

// spsOfHigh444 makes a set of the high 4:4:4 predictive profile with 10 bits.
func spsOfHigh444(width, height int) []byte {
	return setOf("11110100" + "00000000" + "00110100" + ue(0) + ue(3) + "0" + ue(2) + ue(2) + "00" + ue(0) + ue(2) + ue(1) + "0" + ue(width/16-1) + ue(height/16-1) + "11001")
}

// setOf makes a NAL unit of the bits of a set.
func setOf(bits string) []byte {
	sps, zeros := []byte{0x67}, 0
	for bits += strings.Repeat("0", 7-(len(bits)-1)%8); len(bits) > 0; bits = bits[8:] {
		var b byte
		for _, bit := range bits[:8] {
			b = b<<1 | byte(bit-'0')
		}
		if zeros >= 2 && b <= 3 { // it would look like a start code
			sps, zeros = append(sps, 3), 0
		}
		if sps = append(sps, b); b == 0 {
			zeros++
		} else {
			zeros = 0
		}
	}
	return sps
}

// ue is a number as an Exp-Golomb code.
func ue(n int) string {
	var digits []byte
	for n++; n > 0; n >>= 1 {
		digits = append(digits, byte('0'+n&1))
	}
	slices.Reverse(digits)
	return strings.Repeat("0", len(digits)-1) + string(digits)
}

// TestClaimsThatNoDecoderIsGivenAreNamed in both forms of units, and in caps of a file.
func TestClaimsThatNoDecoderIsGivenAreNamed(t *testing.T) {
	for _, c := range []struct {
		width, height, references int
		want                      string
	}{
		{1920, 1088, 16, ""}, {3840, 2160, 16, ""}, {8192, 4320, 8, ""},
		{8176, 8176, 1, "8176x8176 pixels, more than"}, {8192, 4320, 16, "has to keep 16 pictures"}, {1 << 16, 64, 16, ""}, {1 << 20, 1 << 20, 1, "more than"},
	} {
		lengths, codes := joined(spsThatClaims(c.width, c.height, c.references), nalPPS, nalIDR)
		for caps, data := range map[string][]byte{"stream-format=(string)byte-stream": codes, "stream-format=(string)avc": lengths} {
			starts := NewStarts(&Format{Caps: caps, Stream: frame.Stream{Codec: "h264"}})
			starts.Of(data, true)
			if got := starts.Excess(); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
				t.Errorf("%dx%d with %d references, %s: %q", c.width, c.height, c.references, caps, got)
			}
		}
	}
	unknown := spsThatClaims(8192, 4320, 1)
	unknown[3] = 60 // the level
	if c, _, ok := claimOfH264(unknown); !ok || c.excess() == "" {
		t.Errorf("an unknown level claims %+v", c)
	}
	if text := Excess(frame.Stream{Codec: "av1", Width: 16384, Height: 8192}); text == "" {
		t.Error("AV1 of 16384x8192 is allowed")
	}
	if text := Excess(frame.Stream{Codec: "mjpeg", Width: 8192, Height: 8192}); text != "" {
		t.Error(text)
	}
}

// packed packs a text of bits, of which spaces are ignored.
func packed(bits string) (data []byte) {
	bits = strings.ReplaceAll(bits, " ", "")
	bits += strings.Repeat("0", 7-(len(bits)-1)%8)
	for ; len(bits) > 0; bits = bits[8:] {
		var b byte
		for _, bit := range bits[:8] {
			b = b<<1 | byte(bit-'0')
		}
		data = append(data, b)
	}
	return data
}

// number is a number of some bits.
func number(n, bits int) string { return fmt.Sprintf("%0*b", bits, n) }

func TestVP9ThatGrowsWithoutAKeyframeIsNamed(t *testing.T) {
	size := func(n int) string { return number(n-1, 16) + number(n-1, 16) }
	sync := number(0x498342, 24)
	for name, c := range map[string]struct {
		frame string
		large bool
	}{
		"keyframe":                     {"10 00 0 0 1 0" + sync + "001 0" + size(640), false},
		"large keyframe":               {"10 00 0 0 1 0" + sync + "001 0" + size(16384), true},
		"large keyframe of profile 1":  {"10 10 0 0 1 0" + sync + "001 0 00 0" + size(16384), true},
		"large keyframe of profile 2":  {"10 01 0 0 1 0" + sync + "0 001 0" + size(16384), true},
		"frame with the last one's":    {"10 00 0 1 1 0 00" + number(1, 8) + "000000000000" + "1", false},
		"frame of its own size":        {"10 00 0 1 1 0 00" + number(1, 8) + "000000000000" + "000" + size(640), false},
		"large frame of its own size":  {"10 00 0 1 1 0 00" + number(1, 8) + "000000000000" + "000" + size(16384), true},
		"large frame, resilient":       {"10 00 0 1 1 1" + number(1, 8) + "000000000000" + "000" + size(16384), true},
		"large intra-only frame":       {"10 00 0 1 0 0 1 00" + sync + number(1, 8) + size(16384), true},
		"frame that exists already":    {"10 00 1 000", false},
		"frame that is no VP9 at all":  {"01" + strings.Repeat("1", 100), false},
		"frame that ends in its size":  {"10 00 0 1 1 1" + number(1, 8) + "000000000000" + "000" + number(16383, 16), false},
		"frame of the largest allowed": {"10 00 0 0 1 0" + sync + "001 0" + number(8191, 16) + number(4319, 16), false},
	} {
		for form, unit := range map[string][]byte{
			"alone":         packed(c.frame),
			"in superframe": superframe(packed("10 00 0 0 1 0"+sync+"001 0"+size(320)), packed(c.frame)),
		} {
			starts := NewStarts(&Format{Stream: frame.Stream{Codec: "vp9"}})
			starts.Of(unit, true)
			if got := starts.Excess(); (got != "") != c.large {
				t.Errorf("%s, %s: %q", name, form, got)
			}
		}
	}
}

// superframe joins frames of VP9.
func superframe(frames ...[]byte) (all []byte) {
	mark := byte(0xC0 | 1<<3 | (len(frames) - 1)) // sizes of two bytes
	index := []byte{mark}
	for _, f := range frames {
		all, index = append(all, f...), append(index, byte(len(f)), byte(len(f)>>8))
	}
	return append(append(all, index...), mark)
}

func TestAV1ThatGrowsWithoutAKeyframeIsNamed(t *testing.T) {
	obu := func(kind int, bits string) []byte {
		content := packed(bits)
		return append([]byte{byte(kind<<3 | 2), byte(len(content))}, content...)
	}
	// Of one operating point, with order hints, and with tools for screens where the frame says so.
	sequence := func(bits, size int, ids string) []byte {
		return obu(obuSequence, "000 0 0 0 0 00000"+number(0, 12)+"00000"+number(bits-1, 4)+number(bits-1, 4)+number(size-1, bits)+number(size-1, bits)+
			ids+"000 0000 1 00 1 1 000 000 0 00000000")
	}
	frameOf := func(override, ids string) []byte {
		return obu(obuFrame, "0 01 1 0 0 0"+ids+override+strings.Repeat("0", 40))
	}
	for name, c := range map[string]struct {
		units [][]byte
		large bool
	}{
		"small":                               {[][]byte{sequence(10, 640, "0"), frameOf("0", "")}, false},
		"large sequence":                      {[][]byte{sequence(14, 16384, "0")}, true},
		"frame of its own size":               {[][]byte{sequence(10, 640, "0"), frameOf("1", "")}, false},
		"frame that may state any size":       {[][]byte{sequence(16, 640, "0"), frameOf("1", "")}, true},
		"frame that could and does not":       {[][]byte{sequence(16, 640, "0"), frameOf("0", "")}, false},
		"frame with a number":                 {[][]byte{sequence(16, 640, "1 0000 000"), frameOf("1", "111")}, true},
		"frame with a number and no own size": {[][]byte{sequence(16, 640, "1 0000 000"), frameOf("0", "111")}, false},
		"frame without a sequence":            {[][]byte{frameOf("1", "")}, false},
	} {
		starts := NewStarts(&Format{Stream: frame.Stream{Codec: "av1"}})
		for _, unit := range c.units {
			starts.Of(unit, true)
		}
		if got := starts.Excess(); (got != "") != c.large {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestParameterSetsOfAFileAreLookedAt, all of them.
func TestParameterSetsOfAFileAreLookedAt(t *testing.T) {
	small, large := spsThatClaims(640, 368, 1), spsThatClaims(8176, 8176, 1)
	of := func(sets ...[]byte) (joined []byte) {
		for _, s := range sets {
			joined = append(append(joined, byte(len(s)>>8), byte(len(s))), s...)
		}
		return joined
	}
	h265 := func(size int) []byte { // of the main profile
		return preventEmulation(packed("0100001000000001" + "0000 000 1" + strings.Repeat("0", 88) + number(30, 8) + ue(0) + ue(1) + ue(size) + ue(size) + "0" +
			ue(0) + ue(0) + ue(4) + "1" + ue(4) + ue(0) + ue(0) + ue(0) + ue(3) + ue(0) + ue(3) + ue(0) + ue(0) + "0000 1 00000 1"))
	}
	if c, _, ok := claimOfH265(h265(640)); !ok || c.width != 640 || c.kept != 5 {
		t.Fatalf("the test's own set claims %+v, %v", c, ok)
	}
	hvcC := func(sets ...[]byte) []byte {
		head := append(make([]byte, 22), 2)
		return append(append(append(head, 32, 0, 1), of([]byte{0x40, 1})...), append([]byte{0x80 | 33, 0, byte(len(sets))}, of(sets...)...)...)
	}
	for name, c := range map[string]struct {
		codec  string
		config []byte
		large  bool
	}{
		"H.264":                {"h264", append([]byte{1, 66, 0, 30, 0xFF, 0xE1}, of(small)...), false},
		"H.264, the second":    {"h264", append([]byte{1, 66, 0, 30, 0xFF, 0xE2}, of(small, large)...), true},
		"H.264, cut":           {"h264", append([]byte{1, 66, 0, 30, 0xFF, 0xE2}, of(small, large)[:len(small)+8]...), false},
		"H.264, too short":     {"h264", []byte{1, 66}, false},
		"H.265":                {"h265", hvcC(h265(640)), false},
		"H.265, the second":    {"h265", hvcC(h265(640), h265(8176)), true},
		"H.265, without units": {"h265", append(make([]byte, 22), 9), false},
	} {
		starts := NewStarts(&Format{Caps: fmt.Sprintf("codec_data=(buffer)%x", c.config), Stream: frame.Stream{Codec: c.codec}})
		if got := starts.Excess(); (got != "") != c.large {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestADecoderHoldsWhatTheStreamClaims(t *testing.T) {
	const picture = 1920 * 1088 * 3 / 2
	starts := NewStarts(&Format{Caps: "stream-format=(string)byte-stream", Stream: frame.Stream{Codec: "h264"}})
	_, unit := joined(spsThatClaims(1920, 1088, 4), nalPPS, nalIDR)
	starts.Of(unit, true)
	if got := HeldBytes(frame.Stream{Codec: "h264", Width: 1920, Height: 1080}, starts.HeldBytes()); got != 15*picture {
		t.Errorf("%d bytes", got)
	}
	if got := HeldBytes(frame.Stream{Codec: "vp9", Width: 1920, Height: 1088}, 0); got != 12*picture {
		t.Errorf("VP9 takes %d bytes", got)
	}
	if got := HeldBytes(frame.Stream{Codec: "mjpeg", Width: 1920, Height: 1080}, 99); got != 99 {
		t.Errorf("a JPEG takes %d bytes", got)
	}
}

func TestASetThatIsNotUsedDoesNotHideALargerOne(t *testing.T) {
	starts := NewStarts(&Format{Caps: "stream-format=(string)byte-stream", Stream: frame.Stream{Codec: "h264"}})
	_, key := joined(spsThatClaims(1920, 1088, 4), nalPPS, nalIDR)
	starts.Of(key, true)
	large := starts.HeldBytes()
	small := numbered(1, 640, 368)
	for _, with := range [][]byte{nalIDR, {0x41, 0x9A}} { // a keyframe and one that needs others
		_, unit := joined(small, nalPPS, with)
		if starts.Of(unit, false); starts.HeldBytes() != large {
			t.Errorf("%d bytes, want %d", starts.HeldBytes(), large)
		}
	}
	_, replaced := joined(spsThatClaims(640, 368, 4), nalPPS, nalIDR)
	if starts.Of(replaced, true); starts.HeldBytes() >= large {
		t.Error("a set that is replaced counts")
	}
}

func TestClaimCountsChromaAndDepth(t *testing.T) {
	const area = 64 * 64
	for _, c := range []struct {
		chroma, bits uint32
		want         int64
	}{{0, 8, area}, {1, 8, area * 3 / 2}, {2, 8, 2 * area}, {3, 8, 3 * area}, {1, 10, 3 * area}, {3, 12, 6 * area}, {9, 8, 3 * area}} {
		if got := (claim{width: 64, height: 64, pair: pairOf(c.chroma, c.bits)}).pictureBytes(); got != c.want {
			t.Errorf("%+v: %d bytes", c, got)
		}
	}
	deep := claim{8192, 4320, 8, pairOf(3, 10), true}
	usual := claim{8192, 4320, 8, pairOf(1, 10), true}
	if deep.excess() == "" || usual.excess() != "" || (claim{width: 8192, height: 4320, kept: 9}).excess() == "" {
		t.Error("the depth does not count against what is allowed")
	}
	high := h264.SPS{} // what a set of the high 4:4:4 profile says
	if err := high.Unmarshal(spsOfHigh444(640, 368)); err != nil || high.ChromaFormatIdc != 3 || high.BitDepthLumaMinus8 != 2 {
		t.Fatalf("%v, %+v", err, high)
	}
	if got, _, ok := claimOfH264(spsOfHigh444(640, 368)); !ok || got.pair != 12 {
		t.Errorf("%+v, %v", got, ok)
	}
}

func TestSmallFrameOfVP9DoesNotHideALargeOne(t *testing.T) {
	starts := NewStarts(&Format{Stream: frame.Stream{Codec: "vp9"}})
	of := func(width, height int, key bool) int64 {
		starts.Of([]byte{0x82, 0x49, 0x83, 0x42, byte((width - 1) >> 12), byte((width - 1) >> 4), byte((width-1)<<4) | byte((height-1)>>12), byte((height - 1) >> 4), byte((height - 1) << 4), 0}, key)
		return starts.HeldBytes()
	}
	large := of(1920, 1080, true)
	if got := of(64, 64, false); large == 0 || got != large {
		t.Errorf("%d bytes, want %d", got, large)
	}
	if got := of(64, 64, true); got >= large {
		t.Errorf("%d bytes after a keyframe", got)
	}
}

func FuzzClaims(f *testing.F) {
	f.Add(spsThatClaims(8176, 8176, 4), byte(0))
	f.Add(nalSPS, byte(0))
	f.Add(bytes.Repeat([]byte{0x42, 1}, 30), byte(1))
	f.Add(superframe([]byte{0x82, 0x49, 0x83, 0x42, 0, 1, 2, 3, 4}, []byte{0x86, 1, 2, 3, 4, 5, 6, 7, 8, 9}), byte(2))
	f.Add([]byte{0x0A, 11, 0, 0, 0, 0x24, 0xC4, 0xFF, 0xDF, 0x3E, 0xFE, 0xE4, 4, 0x32, 3, 0x30, 0, 0xFF}, byte(3))
	f.Fuzz(func(t *testing.T, data []byte, codec byte) {
		check := func(c claim) {
			if c.width < 0 || c.height < 0 || c.kept < 0 || c.kept > maxKept+1 || c.held() < 0 {
				t.Errorf("%+v", c)
			}
		}
		var c claim
		switch codec % 4 {
		case 0:
			c, _, _ = claimOfH264(data)
			for _, set := range setsOfH264(data) {
				claimOfH264(set)
			}
		case 1:
			c, _, _ = claimOfH265(data)
			for _, set := range setsOfH265(data) {
				claimOfH265(set)
			}
		case 2:
			for c := range claimsOfVP9(data) {
				check(c)
			}
		case 3:
			var sizes av1Sizes
			for c := range sizes.claims(data) {
				check(c)
			}
		}
		check(c)
	})
}
