package jpeg

import (
	"bytes"
	stdjpeg "image/jpeg"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/framegate/framegate/pipeline/frame"
)

// oddJPEGs are in testdata, which has a script that makes them.
var oddJPEGs = []string{
	"410.jpg", "411.jpg", "422-of-libavcodec.jpg", "440.jpg", "arithmetic.jpg", "cmyk.jpg", "grey.jpg", "progressive.jpg", "restart.jpg", "rgb.jpg",
}

func readOdd(t *testing.T, name string) (Header, []byte) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Read(data)
	if err != nil || p.Width != 96 || p.Height != 64 || p.Unsupported() != "" {
		t.Fatalf("%s: %+v %v %s", name, p, err, p.Unsupported())
	}
	return p, data
}

func TestKindOfAJPEGSaysHowItIsShown(t *testing.T) {
	unusual := []string{"410.jpg", "411.jpg", "cmyk.jpg"}
	for _, name := range oddJPEGs {
		p, data := readOdd(t, name)
		if p.Unusual() != slices.Contains(unusual, name) || p.Arithmetic() != (name == "arithmetic.jpg") || p.Grey() != (name == "grey.jpg") {
			t.Errorf("%s: unusual %v, arithmetic %v, grey %v", name, p.Unusual(), p.Arithmetic(), p.Grey())
		}
		if p.Complete(data) == p.Arithmetic() {
			t.Errorf("%s: complete %v", name, p.Complete(data))
		}
	}
}

func TestUnusualJPEGsAreMadeUsual(t *testing.T) {
	for _, name := range oddJPEGs {
		p, data := readOdd(t, name)
		if !p.Unusual() {
			continue
		}
		usual, err := Usual(data)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := Read(usual); err != nil || p.Unusual() {
			t.Errorf("%s: %+v %v", name, p, err)
		}
		got, _ := stdjpeg.Decode(bytes.NewReader(usual))
		for i, want := range quadrants {
			r, g, b, _ := got.At(24+48*(i%2), 16+32*(i/2)).RGBA()
			for c, v := range []uint32{r, g, b} {
				if d := int(v>>8) - want[c]; d < -6 || d > 6 {
					t.Errorf("%s: got colour %d %d %d in quadrant %d, want %v", name, r>>8, g>>8, b>>8, i, want)
				}
			}
		}
	}
}

func TestOddJPEGsSayWhy(t *testing.T) {
	whole := encodeJPEG(t, 64, 48)
	for name, c := range map[string]struct {
		data    []byte
		repairs int
		odd     string
	}{
		"usual":        {whole, 0, ""},
		"no end":       {whole[:len(whole)-2], 1, ""},
		"no tables":    {withoutHuffman(t, whole), 1, ""},
		"a wrong size": {insert(whole, markDQT, comment(100, 50)...), 1, ""},
		"all of these": {append([]byte("x"), insert(withoutHuffman(t, whole[:len(whole)-2]), markDQT, comment(100, 50)...)...), 4, ""},
		"turned":       {insert(whole, markDQT, exif(6, true)...), 0, "the Exif data of the JPEGs says that they are to be turned by 90 degrees, so they are always decoded"},
	} {
		p, err := Read(c.data)
		if err != nil || len(p.Repairs()) != c.repairs || p.Oddity() != c.odd {
			t.Errorf("%s: %v %q %q", name, err, p.Repairs(), p.Oddity())
		}
	}
	for name, want := range map[string]string{
		"411.jpg": "unusual sampling", "cmyk.jpg": "CMYK", "arithmetic.jpg": "arithmetic", "grey.jpg": "", "rgb.jpg": "",
	} {
		if p, _ := readOdd(t, name); !strings.Contains(p.Oddity(), want) || want == "" && p.Oddity() != "" {
			t.Errorf("%s: %q", name, p.Oddity())
		}
	}
}

// quadrants are the colours of the JPEGs in testdata.
var quadrants = [][3]int{{200, 40, 40}, {40, 180, 60}, {40, 60, 200}, {220, 220, 220}}

// patched replaces bytes of the frame's header: its marker is at 0.
func patched(data []byte, at int, to ...byte) []byte {
	data = bytes.Clone(data)
	copy(data[bytes.Index(data, []byte{0xFF, 0xC0})+at:], to)
	return data
}

func TestWhatCannotBeShownIsNamed(t *testing.T) {
	whole := encodeJPEG(t, 64, 48)
	for want, data := range map[string][]byte{
		"":                                whole,
		"JPEGs of 12 bits a sample":       patched(patched(whole, 4, 12), 1, 0xC1),
		"lossless JPEGs":                  patched(whole, 1, 0xC3),
		"hierarchical JPEGs":              patched(whole, 1, 0xC5),
		"JPEGs of two components":         patched(whole, 9, 2),
		"JPEGs with an impossible header": patched(whole, 9, 9),
	} {
		p, err := Read(data)
		if err != nil || p.Unsupported() != want {
			t.Errorf("got %q %v, want %q", p.Unsupported(), err, want)
		}
	}
}

func TestNewShapeIsAcceptedIfItsScanIsComplete(t *testing.T) {
	one, other, third := encodeJPEG(t, 64, 48), encodeJPEG(t, 64, 32), encodeJPEG(t, 32, 48)
	damaged := [][]byte{
		patched(one, 5, 0, 64), patched(one, 5, 0, 32), patched(one, 7, 0, 80), patched(one, 7, 9, 64), patched(one, 11, 0x11), patched(one, 13, 5),
	}
	for name, c := range map[string]struct {
		pictures              [][]byte
		fits, changed, broken int
	}{
		"all are alike":               {[][]byte{one, one, one}, 3, 1, 0},
		"sizes alternate":             {[][]byte{one, other, one, other}, 4, 4, 0},
		"each has another size":       {[][]byte{one, other, third, one}, 4, 4, 0},
		"damaged headers":             {slices.Concat([][]byte{one}, damaged[:1], [][]byte{one}, damaged[1:2], [][]byte{one}, damaged[2:3], [][]byte{one}), 4, 1, 3},
		"damaged headers in a row":    {slices.Concat([][]byte{one}, damaged, [][]byte{one}), 2, 1, len(damaged)},
		"a header that says so twice": {[][]byte{one, damaged[0], damaged[0], damaged[0], one}, 4, 3, 0},
		"the first is damaged":        {[][]byte{damaged[0], one, one}, 3, 2, 0},
	} {
		var shape Shape
		var fits, changed, broken int
		for _, data := range c.pictures {
			p, err := Read(data)
			if err != nil {
				t.Fatal(name, err)
			}
			f, ch, b := shape.Fits(p, data)
			fits, changed, broken = fits+count(f), changed+count(ch), broken+count(b)
		}
		if fits != c.fits || changed != c.changed || broken != c.broken {
			t.Errorf("%s: %d fit, %d changes, %d broken; want %d, %d, %d", name, fits, changed, broken, c.fits, c.changed, c.broken)
		}
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// exif is an APP1 segment with an orientation.
func exif(orientation byte, bigEndian bool) []byte {
	tiff := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x00\x00\x00\x00")
	at := 18
	if bigEndian {
		tiff = []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00")
		at = 19
	}
	tiff[at] = orientation
	return slices.Concat([]byte{0xFF, markAPP1, 0, byte(8 + len(tiff))}, []byte("Exif\x00\x00"), tiff)
}

// TestOrientationOfExif compares with the corner that section 4.6.4 of Exif 2.32 gives for the first row and column.
func TestOrientationOfExif(t *testing.T) {
	corners := [][2]float64{1: {0, 0}, 2: {1, 0}, 3: {1, 1}, 4: {0, 1}, 5: {0, 0}, 6: {1, 0}, 7: {1, 1}, 8: {0, 1}}
	for n, corner := range corners {
		for _, big := range []bool{false, true} {
			data := insert(encodeJPEG(t, 64, 48), markDQT, exif(byte(n), big)...)
			p, err := Read(data)
			if err != nil {
				t.Fatal(err)
			}
			if x, y := p.Orientation.Before(corner[0], corner[1]); x != 0 || y != 0 {
				t.Errorf("orientation %d: the corner %v shows %v %v of the picture, want its first pixel", n, corner, x, y)
			}
			if p.Orientation.SwapsSides() != (n > 4) || p.Width != 64 {
				t.Errorf("orientation %d: %+v", n, p)
			}
		}
	}
	for name, segment := range map[string][]byte{
		"out of range": exif(9, true), "cut off": exif(6, true)[:20], "an offset beyond the end": slices.Concat(exif(6, true)[:14], []byte{0xFF, 0xFF, 0xFF, 0xFF}),
		"another order": append([]byte{0xFF, markAPP1, 0, 20}, "Exif\x00\x00XX*\x00\x08\x00\x00\x00"...),
	} {
		if got := exifOrientation(segment[4:]); got != (frame.Orientation{}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	whole := encodeJPEG(f, 16, 16)
	f.Add(whole)
	f.Add(withoutHuffman(f, whole))
	f.Add([]byte{0xFF, 0xFF, markSOI})
	for _, name := range oddJPEGs {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)-2])
	}
	f.Fuzz(checkRead)
}

// checkRead reads a JPEG, or what is none, as a feed does.
func checkRead(t *testing.T, data []byte) {
	PixelAspect(data)
	p, err := Read(data)
	if err != nil {
		return
	}
	p.Unsupported()
	p.Unusual()
	p.Complete(data)
	p.TooManyScans()
	new(Shape).Fits(p, data)
	again, err := Read(p.Repaired(data))
	if err != nil || !again.huffman || again.Width != p.Width || again.Height != p.Height {
		t.Errorf("%+v repaired is %+v %v", p, again, err)
	}
}

// FuzzSegments reads JPEGs that are made of segments.
func FuzzSegments(f *testing.F) {
	marks := []byte{0xC0, 0xC1, 0xC2, 0xC9, markDHT, markDAC, markDQT, markDRI, markDNL, markSOS, markAPP0, markAPP1, markAPP2, markAPPE, markCOM, markRST0, markEOI, markSOI, markTEM}
	frameOf := []byte{0, 15, 8, 0, 16, 0, 16, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1}
	scan := []byte{9, 10, 3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0}
	f.Add(append(append([]byte{}, frameOf...), scan...), []byte{1, 2, 3, 0xFF, 0, 4})
	f.Add(append(append([]byte{10, 5, 'J', 'F', 'I', 'F', 0, 14, 2, '-', '-', 6, 65}, make([]byte, 65)...), append(frameOf, scan...)...), []byte{0xFF, 0xD0})
	f.Fuzz(func(t *testing.T, segments, scanned []byte) {
		data := []byte{0xFF, markSOI}
		for len(segments) >= 2 {
			mark, n := segments[0], min(int(segments[1]), len(segments)-2)
			length := n + 2
			if mark >= 128 { // it states another one
				length = int(mark) * n
			}
			body := segments[2 : 2+n]
			segments = segments[2+n:]
			data = append(append(data, 0xFF, marks[int(mark)%len(marks)], byte(length>>8), byte(length)), body...)
			if marks[int(mark)%len(marks)] == markSOS {
				data = append(data, scanned...)
			}
		}
		data = append(data, 0xFF, markEOI)
		checkRead(t, data)
	})
}
