package pipeline

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/picture"
	"github.com/framegate/framegate/pipeline/plan"
	"github.com/framegate/framegate/pipeline/unit"
)

// stills serves JPEGs in turn as a camera of single pictures.
func stills(t *testing.T, pictures ...[]byte) configs.Source {
	t.Helper()
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		w.Write(pictures[n%len(pictures)])
		n++ // the camera is asked by one client, one request at a time
	}))
	t.Cleanup(server.Close)
	src := camtest.Source(t, server.URL)
	src.PollInterval = 20 * time.Millisecond
	return src
}

// quadrants are the colours of the JPEGs in jpeg/testdata, which have 96x64 pixels.
var quadrants = [2][2][3]int{{{200, 40, 40}, {40, 180, 60}}, {{40, 60, 200}, {220, 220, 220}}}

// quadrant reads the mean colour of a quadrant, as far as 10 pixels from its edges.
func quadrant(img image.Image, x, y int) (colour [3]int) {
	size, n := img.Bounds(), 0
	w, h := size.Dx()/2, size.Dy()/2
	for px := size.Min.X + x*w + w/3; px < size.Min.X+x*w+2*w/3; px++ {
		for py := size.Min.Y + y*h + h/3; py < size.Min.Y+y*h+2*h/3; py++ {
			r, g, b, _ := img.At(px, py).RGBA()
			for i, v := range []uint32{r, g, b} {
				colour[i] += int(v >> 8)
			}
			n++
		}
	}
	for i := range colour {
		colour[i] /= n
	}
	return colour
}

// near reports whether two colours look alike.
func near(a, b [3]int) bool {
	for i := range a {
		if d := a[i] - b[i]; d < -12 || d > 12 {
			return false
		}
	}
	return true
}

func readTestJPEG(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("jpeg/testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// ycckJPEG makes a JPEG of YCCK: cyan, magenta and yellow as YCbCr, and black, of which there is none, in a scan of its own.
func ycckJPEG(t *testing.T) []byte {
	t.Helper()
	colours, ink := image.NewRGBA(image.Rect(0, 0, 96, 64)), image.NewGray(image.Rect(0, 0, 96, 64))
	for y := range 64 {
		for x := range 96 {
			c := quadrants[y/32][x/48]
			colours.Set(x, y, color.RGBA{uint8(255 - c[0]), uint8(255 - c[1]), uint8(255 - c[2]), 255}) // as inks
			ink.Set(x, y, color.White)                                                                  // none: Adobe inverts it
		}
	}
	encode := func(img image.Image) (head, scan []byte) {
		var b bytes.Buffer
		if err := stdjpeg.Encode(&b, img, nil); err != nil {
			t.Fatal(err)
		}
		at := bytes.Index(b.Bytes(), []byte{0xFF, 0xDA})
		return b.Bytes()[:at], b.Bytes()[at : b.Len()-2]
	}
	head, scan := encode(colours)
	_, black := encode(ink)
	const components = 10 // from the beginning of SOF
	sof := bytes.Index(head, []byte{0xFF, 0xC0})
	head = slices.Insert(bytes.Clone(head), sof+components+3*3, 4, 0x22, 0)
	head[sof+3], head[sof+components-1] = 8+3*4, 4
	head = slices.Insert(head, 2, []byte("\xFF\xEE\x00\x0EAdobe\x00\x64\x00\x00\x00\x00\x02")...)
	black = bytes.Clone(black)
	black[5] = 4 // the component
	return slices.Concat(head, scan, black, []byte{0xFF, 0xD9})
}

func TestEveryKindOfJPEGIsShownWithItsColours(t *testing.T) {
	for _, name := range []string{
		"410.jpg", "411.jpg", "422-of-libavcodec.jpg", "440.jpg", "arithmetic.jpg", "cmyk.jpg", "grey.jpg", "progressive.jpg", "restart.jpg", "rgb.jpg", "ycck",
	} {
		t.Run(name, func(t *testing.T) {
			data := ycckJPEG(t)
			if name != "ycck" {
				data = readTestJPEG(t, name)
			}
			feed := run(t, stills(t, data))
			renditions := []frame.Rendition{
				{Width: 96, Height: 64}, {Width: 96, Height: 64, Quality: 90}, {Width: 48, Height: 32, Quality: 90}, {Width: 96, Height: 64, Quality: 90, Format: frame.PNG},
			}
			shown := show(t, feed, renditions...)
			for i, r := range renditions {
				f := after(t, shown.slots[i], nil)
				if i == 0 && bytes.Equal(f.Picture(), data) == (name == "arithmetic.jpg") {
					t.Errorf("passed through: %v", bytes.Equal(f.Picture(), data))
				}
				if i == 0 && (name == "cmyk.jpg" || name == "ycck") {
					continue // Go's decoder gives inks
				}
				img := decode(t, f)
				for q := range 4 {
					x, y := q%2, q/2
					want := quadrants[y][x]
					if name == "grey.jpg" {
						luma := (299*want[0] + 587*want[1] + 114*want[2]) / 1000
						want = [3]int{luma, luma, luma}
					}
					if got := quadrant(img, x, y); !near(got, want) {
						t.Errorf("%v %s: quadrant %d %d is %v, want %v", r, r.Format, x, y, got, want)
					}
				}
			}
		})
	}
}

// oriented puts an orientation of Exif into a JPEG.
func oriented(data []byte, orientation byte) []byte {
	tiff := binary.LittleEndian.AppendUint16([]byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00"), uint16(orientation))
	content := append([]byte("Exif\x00\x00"), append(tiff, 0, 0)...)
	return slices.Insert(bytes.Clone(data), 2, append([]byte{0xFF, 0xE1, 0, byte(2 + len(content))}, content...)...)
}

// where says in which quadrant of the turned picture each quadrant of the JPEG is: for each orientation of Exif the column and the
// row of its top left and its top right quadrant.
var where = [][2][2]int{
	1: {{0, 0}, {1, 0}}, 2: {{1, 0}, {0, 0}}, 3: {{1, 1}, {0, 1}}, 4: {{0, 1}, {1, 1}},
	5: {{0, 0}, {0, 1}}, 6: {{1, 0}, {1, 1}}, 7: {{1, 1}, {1, 0}}, 8: {{0, 1}, {0, 0}},
}

func TestOrientationOfExifIsAppliedToEveryPicture(t *testing.T) {
	data := readTestJPEG(t, "440.jpg")
	for n := 1; n <= 8; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			running := runFeed(t, stills(t, oriented(data, byte(n))))
			width, height := 96, 64
			if n > 4 {
				width, height = 64, 96
			}
			if s := running.Stream(t); s.Width != width || s.Height != height {
				t.Fatalf("the camera sends %+v", s)
			}
			shown := show(t, running.Feed,
				frame.Rendition{Width: width, Height: height},
				frame.Rendition{Width: width / 2, Height: height / 2, Quality: 90},
				frame.Rendition{Width: height, Height: width, Quality: 90, Rotate: 90})
			for i, slot := range shown.slots {
				f := after(t, slot, nil)
				if bytes.Contains(f.Picture(), []byte("Exif")) && n > 1 {
					t.Error("a picture has an orientation of its own")
				}
				img := decode(t, f)
				for q, to := range where[n] {
					x, y := to[0], to[1]
					if i == 2 {
						x, y = 1-y, x
					}
					if got := quadrant(img, x, y); !near(got, quadrants[0][q]) {
						t.Errorf("output %d: quadrant %d %d is %v, want %v", i, x, y, got, quadrants[0][q])
					}
				}
			}
			if passes := shown.Plan().Name == picture.PassThrough; passes {
				t.Error("everything was passed through")
			}
		})
	}
}

func TestMasksAreTurnedWithThePicture(t *testing.T) {
	data := readTestJPEG(t, "440.jpg")
	for n := 1; n <= 8; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			src := stills(t, oriented(data, byte(n)))
			src.Masks = []configs.Mask{{X: 0.5, Y: 0, Width: 0.5, Height: 0.5}}
			running := runFeed(t, src)
			s := running.Stream(t)
			shown := show(t, running.Feed, frame.Rendition{Width: s.Width, Height: s.Height, Quality: 90})
			img := decode(t, after(t, shown.slots[0], nil))
			for q := range 4 {
				x, y := q%2, q/2
				if black := near(quadrant(img, x, y), [3]int{}); black != (x == 1 && y == 0) {
					t.Errorf("quadrant %d %d is %v", x, y, quadrant(img, x, y))
				}
			}
		})
	}
}

func TestJPEGsThatNothingShowsAreNamed(t *testing.T) {
	data := readTestJPEG(t, "restart.jpg")
	data[bytes.Index(data, []byte{0xFF, 0xC0})+4] = 12
	runFeed(t, stills(t, data)).Fails(t, frame.Unsupported, "sends JPEGs of 12 bits a sample, which can be neither decoded nor shown by browsers")
}

// TestArithmeticCodingThatIsNotDecodedIsNamed has pictures that libjpeg refuses, as it refuses all of them where it was built
// without arithmetic coding: with a table of conditions that does not exist (ITU-T T.81, B.2.4.3).
func TestArithmeticCodingThatIsNotDecodedIsNamed(t *testing.T) {
	data := slices.Insert(readTestJPEG(t, "arithmetic.jpg"), 2, 0xFF, 0xCC, 0, 4, 0xFF, 0)
	shown := show(t, run(t, stills(t, data)), frame.Rendition{Width: 96, Height: 64, Quality: 90})
	select {
	case <-shown.done:
		if frame.ReasonOf(shown.err) != frame.Unsupported || !strings.Contains(shown.err.Error(), "arithmetic coding, which libjpeg does not decode") {
			t.Errorf("the picture ended with %v", shown.err)
		}
	case <-time.After(camtest.Patience):
		t.Error("the picture has not ended")
	}
}

// TestPictureOfEachSizeIsShown has a camera that sends a few sizes in turn. Whoever shows them starts another picture whenever the
// format changes, as the registry does.
func TestPictureOfEachSizeIsShown(t *testing.T) {
	feed, err := NewFeed(&plan.Machine{}, camtest.Source(t, "test://ball"))
	if err != nil {
		t.Fatal(err)
	}
	var s frame.Stream
	in := feed.NewIntake(func(sends frame.Stream) { s = sends })
	jpeg := &unit.Format{Caps: "image/jpeg", Stream: frame.Stream{Codec: "mjpeg", Width: 1, Height: 1}}
	var last *shown
	for n := range 6 {
		data := [][]byte{readTestJPEG(t, "440.jpg"), readTestJPEG(t, "411.jpg"), oriented(readTestJPEG(t, "440.jpg"), 6)}[n%3]
		in.Unit(data, unit.NoPTS, true, time.Now(), jpeg)
		if last != nil {
			<-last.done
			if last.err != frame.ErrFormatChanged {
				t.Errorf("a picture ended with %v", last.err)
			}
		}
		width, height := 96, 64
		if n%3 == 2 {
			width, height = 64, 96
		}
		if s.Width != width || s.Height != height {
			t.Fatalf("the camera sends %+v, want %dx%d", s, width, height)
		}
		last = show(t, feed, frame.Rendition{Width: width, Height: height, Quality: 90})
		if got := quadrant(decode(t, after(t, last.slots[0], nil)), 1, 1); n%3 < 2 && !near(got, quadrants[1][1]) {
			t.Errorf("picture %d has colour %v", n, got)
		}
	}
	if feed.Broken() > 0 {
		t.Errorf("%d pictures were dropped", feed.Broken())
	}
}

// TestPictureIsShownThoughTheNextOneHasAnotherSize has one so large that it is still being decoded when the next one comes.
func TestPictureIsShownThoughTheNextOneHasAnotherSize(t *testing.T) {
	var large bytes.Buffer
	if err := stdjpeg.Encode(&large, image.NewGray(image.Rect(0, 0, 2400, 1600)), nil); err != nil {
		t.Fatal(err)
	}
	feed, err := NewFeed(&plan.Machine{}, camtest.Source(t, "test://ball"))
	if err != nil {
		t.Fatal(err)
	}
	in := feed.NewIntake(func(frame.Stream) {})
	jpeg := &unit.Format{Caps: "image/jpeg", Stream: frame.Stream{Codec: "mjpeg", Width: 1, Height: 1}}
	shown := show(t, feed, frame.Rendition{Width: 96, Height: 64, Quality: 90})
	in.Unit(large.Bytes(), unit.NoPTS, true, time.Now(), jpeg)
	camtest.Until(t, "the picture is taken", feed.Units().Awaited)
	in.Unit(readTestJPEG(t, "411.jpg"), unit.NoPTS, true, time.Now(), jpeg)
	<-shown.done
	if shown.slots[0].Newest() == nil || shown.err != frame.ErrFormatChanged {
		t.Errorf("shown: %v; the picture ended with %v", shown.slots[0].Newest() != nil, shown.err)
	}
}
