package feed

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/unit"
)

// takeAll passes units to a new intake and returns its feed and how many formats were reported.
func takeAll(t *testing.T, format *unit.Format, units ...[]byte) (feed *Feed, formats int) {
	t.Helper()
	feed, err := New(camtest.Source(t, "test://ball"))
	if err != nil {
		t.Fatal(err)
	}
	in := feed.NewIntake(func(frame.Stream) { formats++ })
	for i, data := range units {
		in.Unit(data, time.Duration(i)*40*time.Millisecond, true, time.Now(), format)
	}
	return feed, formats
}

func TestEachShapeOfAJPEGIsAFormatOfItsOwn(t *testing.T) {
	format := &unit.Format{Caps: "image/jpeg, width=(int)64, height=(int)48", Stream: frame.Stream{Codec: "mjpeg", Width: 64, Height: 48}}
	one, other, third := encodeJPEG(t, 64, 48), encodeJPEG(t, 64, 32), encodeJPEG(t, 32, 48)
	damaged := bytes.Clone(one)
	damaged[bytes.Index(damaged, []byte{0xFF, 0xC0})+6]++ // its height
	for name, c := range map[string]struct {
		units                  [][]byte
		taken, broken, formats int
	}{
		"all are alike":         {[][]byte{one, one, one}, 3, 0, 1},
		"one is another":        {[][]byte{one, other, one}, 3, 0, 3},
		"two are others":        {[][]byte{one, other, third, one}, 4, 0, 4},
		"all are others now":    {[][]byte{one, other, other, other}, 4, 0, 2},
		"one header is damaged": {[][]byte{one, damaged, one}, 2, 1, 1},
	} {
		feed, formats := takeAll(t, format, c.units...)
		if n := feed.gop.Total(); int(n) != c.taken || int(feed.Broken()) != c.broken || formats != c.formats {
			t.Errorf("%s: %d taken, %d broken, %d formats; want %d, %d, %d", name, n, feed.Broken(), formats, c.taken, c.broken, c.formats)
		}
		if odd := feed.Oddities(); len(odd) != min(1, c.formats-1)+c.broken {
			t.Errorf("%s: %q", name, odd)
		}
	}
}

func TestPictureWithTheBoundaryOfStreamsIsNeverPassedOn(t *testing.T) {
	format := &unit.Format{Caps: "image/jpeg, width=(int)64, height=(int)48", Stream: frame.Stream{Codec: "mjpeg", Width: 64, Height: 48}}
	plain, other := encodeJPEG(t, 64, 48), encodeJPEG(t, 64, 32)
	page := "\r\n--frame\r\nContent-Type: text/html\r\n\r\n<html>"
	comment := slices.Concat(plain[:2], []byte{0xFF, 0xFE, 0, byte(len(page) + 2)}, []byte(page), plain[2:])
	inTables, inScan := bytes.Clone(other), bytes.Clone(plain)
	copy(inTables[bytes.Index(inTables, []byte{0xFF, 0xDB})+5:], page)
	copy(inScan[len(inScan)-60:], page)
	feed, _ := takeAll(t, format, plain, comment, inTables, inScan, other)
	if n, odd := feed.gop.Total(), strings.Join(feed.Oddities(), "; "); n != 3 || feed.Broken() != 2 || !strings.Contains(odd, "the boundary of framegate's streams are dropped (2 times)") {
		t.Errorf("%d taken, %d broken, odd: %s", n, feed.Broken(), odd)
	}
	if s := feed.Stream(); s.Height != 32 {
		t.Errorf("after the picture that was dropped: %+v", s)
	}
}

func TestPixelsOfAJPEGHaveTheShapeThatItsHeaderStates(t *testing.T) {
	format := &unit.Format{Caps: "image/jpeg, width=(int)64, height=(int)48", Stream: frame.Stream{Codec: "mjpeg", Width: 64, Height: 48}}
	plain := encodeJPEG(t, 64, 48) // without a header of JFIF
	wide := slices.Concat(plain[:2], []byte("\xFF\xE0\x00\x10JFIF\x00\x01\x01\x00\x00\x02\x00\x01\x00\x00"), plain[2:])
	for name, c := range map[string]struct {
		units          [][]byte
		stated         frame.Ratio // by the format
		width, formats int
	}{
		"not stated":            {[][]byte{plain, plain}, frame.Ratio{}, 64, 1},
		"2:1":                   {[][]byte{wide, wide}, frame.Ratio{}, 128, 1},
		"2:1 later":             {[][]byte{plain, wide}, frame.Ratio{}, 128, 2},
		"the format's is valid": {[][]byte{wide}, frame.Ratio{Width: 1, Height: 1}, 64, 1},
	} {
		another := *format
		another.Stream.PixelAspect = c.stated
		feed, formats := takeAll(t, &another, c.units...)
		if width, _ := feed.Stream().DisplaySize(); width != c.width || formats != c.formats {
			t.Errorf("%s: shown %d pixels wide, %d formats; want %d, %d", name, width, formats, c.width, c.formats)
		}
	}
}

func TestOversizedUnitsAreDropped(t *testing.T) {
	stream := frame.Stream{Codec: "h264", Width: 64, Height: 48}
	vast, vp8 := stream, stream
	vast.Width, vast.Height, vp8.Codec = 16384, 16384, "vp8"
	key := []byte{0x10, 0, 0, 0x9D, 1, 0x2A, 64, 0, 48, 0, 1, 2, 3} // of VP8, 64x48
	damaged := append([]byte(nil), key...)
	damaged[7] = 0x3F
	for name, c := range map[string]struct {
		stream frame.Stream
		unit   []byte
		taken  int
	}{
		"as many bytes as are kept":       {stream, make([]byte, unit.BufferLimit), 1},
		"a byte more":                     {stream, make([]byte, unit.BufferLimit+1), 0},
		"a picture of 268 megapixels":     {vast, []byte{1}, 0},
		"VP8 of its size":                 {vp8, key, 1},
		"VP8 of another size":             {vp8, damaged, 0},
		"a part of the header of VP8":     {vp8, key[:9], 0},
		"VP8 that is no keyframe, 1 byte": {vp8, []byte{1}, 1},
	} {
		feed, _ := takeAll(t, &unit.Format{Caps: "x", Stream: c.stream}, c.unit)
		if n, _ := feed.gop.Size(); n != c.taken || int(feed.Broken()) != 1-c.taken {
			t.Errorf("%s: %d taken, %d broken", name, n, feed.Broken())
		}
		if odd := strings.Join(feed.Oddities(), "; "); strings.Contains(odd, "more than 32 MiB") != (name == "a byte more") {
			t.Errorf("%s: %q", name, odd)
		}
	}
}

func TestUnitsHaveIncreasingTimesOfArrival(t *testing.T) {
	in := new(Feed).NewIntake(func(frame.Stream) {})
	vp8 := &unit.Format{Stream: frame.Stream{Codec: "vp8"}}
	began := time.Now()
	for n, after := range []time.Duration{0, 100, 92, 92, 200} { // ms; the second time is too late
		in.Unit([]byte{1}, time.Duration(n)*100*time.Millisecond, n == 0, began.Add(after*time.Millisecond), vp8)
	}
	units := in.feed.gop.Reader()
	last := time.Time{}
	for range 5 {
		u, err := units.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !u.Received.Truncate(time.Microsecond).After(last) {
			t.Errorf("a unit arrived at %v, after one at %v", u.Received.Sub(began), last.Sub(began))
		}
		last = u.Received.Truncate(time.Microsecond)
	}
	if last.Sub(began).Round(time.Millisecond) != 200*time.Millisecond {
		t.Errorf("the last unit arrived after %v, want 200ms", last.Sub(began))
	}
}

// withoutTables takes the Huffman tables out of a JPEG of encodeJPEG, as USB cameras do.
func withoutTables(t testing.TB, data []byte) []byte {
	t.Helper()
	i := bytes.Index(data, []byte{0xFF, 0xC4}) // DHT, of ITU-T T.81, table B.1
	if i < 0 {
		t.Fatal("no tables")
	}
	length := int(data[i+2])<<8 | int(data[i+3])
	return append(bytes.Clone(data[:i]), data[i+2+length:]...)
}

// encodeJPEG is a picture of Go's encoder, which uses the standard Huffman tables.
func encodeJPEG(t testing.TB, width, height int) []byte {
	t.Helper()
	picture := image.NewGray(image.Rect(0, 0, width, height))
	for i := range picture.Pix {
		picture.Pix[i] = byte(i * 7)
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, picture, nil); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// TestJPEGThatTakesTooLongToDecodeEndsTheConnection before any decoder gets it.
func TestJPEGThatTakesTooLongToDecodeEndsTheConnection(t *testing.T) {
	still, err := os.ReadFile("../jpeg/testdata/progressive.jpg")
	if err != nil {
		t.Fatal(err)
	}
	last, end := bytes.LastIndex(still, []byte{0xFF, 0xDA}), len(still)-2
	bomb := slices.Concat(still[:end], bytes.Repeat(still[last:end], 1000), still[end:])
	url := serveHTTP(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		w.Write(bomb)
	})
	runFeed(t, camtest.Source(t, url)).Fails(t, frame.Unsupported, "scans in 96x64 pixels, which take too long to decode")
}

// TestVideoThatTakesTooMuchMemoryEndsTheConnection before any decoder gets it: 8176x8176 with four references.
func TestVideoThatTakesTooMuchMemoryEndsTheConnection(t *testing.T) {
	sps := []byte{0x67, 0x42, 0, 0x3C, 0xD9, 0x40, 0x1F, 0xF0, 0x0F, 0xFE, 0x40}
	feed, err := New(camtest.Source(t, "test://ball"))
	if err != nil {
		t.Fatal(err)
	}
	in := feed.NewIntake(func(frame.Stream) { t.Error("it is a stream") })
	ctx, end := context.WithCancelCause(t.Context())
	in.end = end
	format := &unit.Format{Caps: "video/x-h264, stream-format=(string)byte-stream", Stream: frame.Stream{Codec: "h264", Width: 320, Height: 240}}
	in.Unit(slices.Concat([]byte{0, 0, 0, 1}, sps, []byte{0, 0, 0, 1, 0x65, 0x88, 0x84}), 0, true, time.Now(), format)
	if err := context.Cause(ctx); frame.ReasonOf(err) != frame.Unsupported || !strings.Contains(err.Error(), "more than 8192x4320") {
		t.Error(err)
	}
}
