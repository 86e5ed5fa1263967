package pipeline

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/gst"
)

// layout is how a camera stores colours.
type layout struct {
	format string // in GStreamer's words
	matrix matrix
	full   bool // range, else limited
}

// matrix has the weights of red and blue in luma, and its colorimetry in GStreamer's words for limited and for full range.
type matrix struct {
	red, blue     float64
	limited, full string
}

// The matrices of Recommendations ITU-R BT.601, BT.709 and BT.2020.
var (
	bt601  = matrix{0.299, 0.114, "bt601", "1:4:16:4"}
	bt709  = matrix{0.2126, 0.0722, "bt709", "1:3:5:1"}
	bt2020 = matrix{0.2627, 0.0593, "bt2020-10", "1:6:13:7"}
)

// patches returns the samples of a picture of eight patches in two rows, and the red, green and blue of each, 0 to 255: those that its
// samples mean, after they were rounded.
func (l layout) patches(width, height int) (samples []byte, colours [8][3]float64) {
	var yuv [8][3]uint16
	for i, c := range [8][3]float64{{32, 192, 32}, {192, 32, 32}, {32, 32, 192}, {192, 192, 32}, {32, 192, 192}, {224, 160, 128}, {0, 0, 0}, {255, 255, 255}} {
		yuv[i], colours[i] = l.round(c)
	}
	for plane := range 3 {
		columns, rows := width, height
		if plane > 0 && l.format != "Y444" {
			columns /= 2
			if l.format != "Y42B" {
				rows /= 2
			}
		}
		for y := range rows {
			for x := range columns {
				sample := yuv[4*(2*y/rows)+4*x/columns][plane]
				if l.deep() {
					samples = binary.LittleEndian.AppendUint16(samples, sample)
				} else {
					samples = append(samples, byte(sample))
				}
			}
		}
	}
	return samples, colours
}

func (l layout) deep() bool { return strings.HasSuffix(l.format, "_10LE") }

// round returns the samples that are nearest to a colour, and the colour that they mean.
func (l layout) round(rgb [3]float64) (samples [3]uint16, meant [3]float64) {
	one := 1.0 // that of 8 bits
	if l.deep() {
		one = 4
	}
	black, luma, chroma, most := 16*one, 219*one, 224*one, 256*one-1
	if l.full {
		black, luma, chroma = 0, most, most
	}
	kr, kb := l.matrix.red, l.matrix.blue
	kg := 1 - kr - kb
	y := (kr*rgb[0] + kg*rgb[1] + kb*rgb[2]) / 255
	rounded := func(v float64) float64 { return math.Round(min(max(v, 0), most)) }
	sy := rounded(black + luma*y)
	sb := rounded(128*one + chroma*(rgb[2]/255-y)/(2-2*kb))
	sr := rounded(128*one + chroma*(rgb[0]/255-y)/(2-2*kr))
	y = (sy - black) / luma
	b, r := y+(2-2*kb)*(sb-128*one)/chroma, y+(2-2*kr)*(sr-128*one)/chroma
	for i, v := range [3]float64{r, (y - kr*r - kb*b) / kg, b} {
		meant[i] = 255 * min(max(v, 0), 1)
	}
	return [3]uint16{uint16(sy), uint16(sb), uint16(sr)}, meant
}

// patch is the mean colour in the middle of one of the patches.
func patch(picture image.Image, i int) (rgb [3]float64) {
	const side = 4
	size := picture.Bounds()
	left, top := size.Min.X+(2*(i%4)+1)*size.Dx()/8-side/2, size.Min.Y+(2*(i/4)+1)*size.Dy()/4-side/2
	for y := top; y < top+side; y++ {
		for x := left; x < left+side; x++ {
			c := color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)
			for j, v := range [3]uint8{c.R, c.G, c.B} {
				rgb[j] += float64(v) / (side * side)
			}
		}
	}
	return rgb
}

// encode writes a file that shows a picture for 2 s, and skips the test where an element of the encoder is missing.
func encode(t *testing.T, camera layout, samples []byte, width, height int, encoder string) (path string) {
	t.Helper()
	for element := range strings.SplitSeq(encoder, " ! ") {
		if name, _, _ := strings.Cut(element, " "); len(gst.Missing(name)) > 0 {
			t.Skipf("SKIPPED: this machine has no %s", name)
		}
	}
	raw := filepath.Join(t.TempDir(), "patches.raw")
	if err := os.WriteFile(raw, samples, 0o600); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "patches.mkv")
	p, err := gst.New()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	colorimetry := camera.matrix.limited
	if camera.full {
		colorimetry = camera.matrix.full
	}
	muxer := "matroskamux ! "
	if strings.HasSuffix(encoder, "mpegtsmux") {
		muxer = ""
	}
	format := strings.ToLower(strings.ReplaceAll(camera.format, "_", "-"))
	line := fmt.Sprintf("filesrc location=%s blocksize=%d ! rawvideoparse format=%s width=%d height=%d framerate=25/1 colorimetry=%s ! "+
		"imagefreeze num-buffers=50 ! %s ! %sfilesink location=%s", raw, len(samples), format, width, height, colorimetry, encoder, muxer, path)
	if _, err := p.AddLaunchLine(line); err != nil {
		t.Fatal(err)
	}
	if err := p.Play(t.Context(), 10*time.Second); err != nil {
		t.Fatal(err)
	}
	select {
	case err = <-p.Ended():
	case <-time.After(2 * time.Minute):
		err = errors.New("the encoder does not end")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return path
}
