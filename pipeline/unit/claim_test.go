package unit

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/framegate/framegate/pipeline/frame"
)

// spsThatClaims makes a sequence parameter set of H.264, of the baseline profile.
func spsThatClaims(width, height, references int) []byte {
	bits := "01000010" + "00000000" + "00110100" + ue(0) + ue(0) + ue(2) + ue(references) + "0" + ue(width/16-1) + ue(height/16-1) + "11001"
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
	if c, ok := claimOfH264(unknown); !ok || c.excess() == "" {
		t.Errorf("an unknown level claims %+v", c)
	}
	if text := Excess(frame.Stream{Codec: "av1", Width: 16384, Height: 8192}); text == "" {
		t.Error("AV1 of 16384x8192 is allowed")
	}
	if text := Excess(frame.Stream{Codec: "mjpeg", Width: 8192, Height: 8192}); text != "" {
		t.Error(text)
	}
}

func FuzzClaims(f *testing.F) {
	f.Add(spsThatClaims(8176, 8176, 4), false)
	f.Add(nalSPS, false)
	f.Add(bytes.Repeat([]byte{0x42, 1}, 30), true)
	f.Fuzz(func(t *testing.T, sps []byte, hevc bool) {
		read := claimOfH264
		if hevc {
			read = claimOfH265
		}
		if c, ok := read(sps); ok && (c.width < 0 || c.height < 0 || c.kept < 0 || c.kept > maxKept+1) {
			t.Errorf("%+v", c)
		}
	})
}
