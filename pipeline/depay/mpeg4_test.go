package depay

import (
	"fmt"
	"strings"
	"testing"

	"github.com/framegate/framegate/pipeline/frame"
)

// mpeg4Unit is a keyframe of MPEG-4 with the header of its layer. aspect is the field for the shape of the pixels, in binary.
func mpeg4Unit(t *testing.T, width, height int, aspect string) []byte {
	t.Helper()
	layer := strings.ReplaceAll("0 00000001 0 "+aspect+" 0 00 1 0000000000011001 1 0 "+fmt.Sprintf("1 %013b 1 %013b 1", width, height), " ", "")
	layer += strings.Repeat("0", 8-len(layer)%8)
	unit := []byte{0, 0, 1, 0x20}
	for ; layer != ""; layer = layer[8:] {
		var b byte
		if _, err := fmt.Sscanf(layer[:8], "%b", &b); err != nil {
			t.Fatal(err)
		}
		unit = append(unit, b)
	}
	return append(unit, 0, 0, 1, 0xB6, 0x10, 1, 2, 3)
}

func TestMPEG4StatesTheShapeOfItsPixels(t *testing.T) {
	for name, c := range map[string]struct {
		aspect string
		want   frame.Ratio
	}{
		"square":    {"0001", frame.Ratio{Width: 1, Height: 1}},
		"16:11":     {"0100", frame.Ratio{Width: 16, Height: 11}},
		"extended":  {"1111 00001101 00001011", frame.Ratio{Width: 13, Height: 11}},
		"forbidden": {"0000", frame.Ratio{}},
		"reserved":  {"0110", frame.Ratio{}},
		"no height": {"1111 00001101 00000000", frame.Ratio{}},
	} {
		got := receive(t, Media{Encoding: "MP4V-ES"}, arrival{mpeg4Unit(t, 704, 576, c.aspect), 1, true, 0})
		if len(got.all) != 1 {
			t.Errorf("%s: %d units", name, len(got.all))
			continue
		}
		s := got.all[0].Format.Stream
		if s.Width != 704 || s.Height != 576 || s.PixelAspect != c.want {
			t.Errorf("%s: %+v", name, s)
		}
	}
}
