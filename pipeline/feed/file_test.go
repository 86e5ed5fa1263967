package feed

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/gst"
	"github.com/framegate/framegate/pipeline/unit"
)

func TestFileIsPlayedOverAndOverAtItsPace(t *testing.T) {
	path, err := filepath.Abs("../plan/samples/h264.mkv")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now() // not at the first unit, which a busy machine may delay
	feed := runFeed(t, camtest.Source(t, "file://"+path))
	feed.Stream(t)
	feed.Feed.SetDemand(unit.Everything)
	units := feed.Feed.Units().Reader()
	for range 40 { // the file has 25 pictures
		next(t, units)
	}
	if d := time.Since(began); d < 1500*time.Millisecond {
		t.Errorf("40 units of 25 fps took %v", d)
	}
}

// testFile is the URL of a file in testdata, which has a script that makes them.
func testFile(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

// writeFile writes a new file and returns its URL.
func writeFile(t *testing.T, name string, content ...[]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, bytes.Join(content, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

// TestLastPictureOfAFileIsTaken has a file with one picture only: its end must not overtake it.
func TestLastPictureOfAFileIsTaken(t *testing.T) {
	for range 20 {
		feed := runFeed(t, camtest.Source(t, testFile(t, "rotated.mp4")))
		feed.Stream(t)
		feed.Stop()
	}
}

// TestPicturesBeforeTheEndOfAFileAreTaken plays a file without its times, so that its end comes while units wait for each other.
// Several times, since the end must win a race to be noticed.
func TestPicturesBeforeTheEndOfAFileAreTaken(t *testing.T) {
	for range 10 {
		feed, err := New(camtest.Source(t, "file:///x"))
		if err != nil {
			t.Fatal(err)
		}
		if err := playAtOnce(t, "../plan/samples/h264.mkv", feed.NewIntake(func(frame.Stream) {})); err != io.EOF || feed.gop.Total() != 25 {
			t.Errorf("%v, %d pictures, want 25", err, feed.gop.Total())
		}
	}
}

// playAtOnce plays a file as fast as it can be read.
func playAtOnce(t *testing.T, path string, in *Intake) error {
	t.Helper()
	g, err := gst.New()
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	made, err := g.Add(gst.Spec{Factory: "filesrc", Set: map[string]any{"location": path}}, gst.Spec{Factory: "parsebin"})
	if err != nil {
		t.Fatal(err)
	}
	end, err := g.Add(unitSink(false))
	if err != nil {
		t.Fatal(err)
	}
	made[1].LinkVideo(end[0])
	return play(t.Context(), g, end[0], in)
}

func TestOrientationOfAFileIsThatOfItsPictures(t *testing.T) {
	feed := runFeed(t, camtest.Source(t, testFile(t, "rotated.mp4")))
	s := feed.Stream(t)
	if s.Codec != "mpeg4" || s.Width != 32 || s.Height != 48 || s.Orientation.Degrees%180 != 90 {
		t.Errorf("the file has %+v, want 32x48, turned", s)
	}
}

func TestVideoThatIsNotPlayedIsNamed(t *testing.T) {
	for name, want := range map[string]string{
		"mpeg2.mpg": "it contains MPEG-2 Video", "mpeg2.ts": "it contains MPEG-2 Video", "ffv1.mkv": "it contains FFV1, which framegate does not decode",
		"wmv.asf": "it contains Windows Media Video 8", "theora.ogv": "it contains Theora",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runFeed(t, camtest.Source(t, testFile(t, name))).Fails(t, frame.Unsupported, want)
		})
	}
	runFeed(t, camtest.Source(t, testFile(t, "sound.wav"))).Fails(t, frame.NoVideo, "it has no video")
	runFeed(t, camtest.Source(t, writeFile(t, "a.jpg", []byte{0xFF, 0xD8, 0xFF, 0xE0}))).Fails(t, frame.NoVideo, "contains no video")
	runFeed(t, camtest.Source(t, writeFile(t, "a.png", []byte("\x89PNG\r\n\x1a\n\x00\x00")))).Fails(t, frame.NoVideo, "a.png: unexpected EOF")
}

func TestStillOfEveryKindIsShownAgainAndAgain(t *testing.T) {
	red := image.NewRGBA(image.Rect(0, 0, 48, 32))
	draw.Draw(red, red.Bounds(), image.NewUniform(color.RGBA{200, 40, 40, 255}), image.Point{}, draw.Src)
	encode := func(how func(io.Writer, image.Image) error) []byte {
		var b bytes.Buffer
		if err := how(&b, red); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	asJPEG := encode(func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) })
	for name, url := range map[string]string{
		"JPEG":                    writeFile(t, "a.jpg", asJPEG),
		"JPEG by another name":    writeFile(t, "a.bin", asJPEG),
		"JPEG before a preview":   writeFile(t, "a.JPEG", asJPEG, encodeJPEG(t, 16, 16)),
		"JPEG without end marker": writeFile(t, "a.jpg", asJPEG[:len(asJPEG)-2]),
		"PNG":                     writeFile(t, "a.png", encode(png.Encode)),
		"PNG called a JPEG":       writeFile(t, "a.jpg", encode(png.Encode)),
		"GIF": writeFile(t, "a.gif", encode(func(w io.Writer, m image.Image) error {
			return gif.Encode(w, image.NewPaletted(m.Bounds(), color.Palette{m.At(0, 0), color.White}), nil)
		})),
		"BMP":  writeFile(t, "a.bmp", encode(bmp.Encode)),
		"TIFF": writeFile(t, "a.tiff", encode(func(w io.Writer, m image.Image) error { return tiff.Encode(w, m, nil) })),
		"WebP": testFile(t, "red.webp"),
		"PNG, transparent to white": writeFile(t, "a.png", encode(func(w io.Writer, _ image.Image) error {
			return png.Encode(w, image.NewNRGBA(red.Bounds()))
		})),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			feed := runFeed(t, camtest.Source(t, url))
			if s := feed.Stream(t); s.Codec != "mjpeg" || s.Width != 48 || s.Height != 32 {
				t.Errorf("the file has %+v", s)
			}
			units := feed.Feed.Units().Reader()
			want := [3]uint32{200, 40, 40}
			if name == "PNG, transparent to white" {
				want = [3]uint32{255, 255, 255}
			}
			for range 2 {
				picture, err := jpeg.Decode(bytes.NewReader(next(t, units).Data))
				if err != nil {
					t.Fatal(err)
				}
				r, g, b, _ := picture.At(24, 16).RGBA()
				for i, v := range []uint32{r >> 8, g >> 8, b >> 8} {
					if v+12 < want[i] || v > want[i]+12 {
						t.Errorf("the picture is %d %d %d, want %d", r>>8, g>>8, b>>8, want)
					}
				}
			}
			if feed.Feed.Broken() > 0 {
				t.Errorf("%d pictures were dropped", feed.Feed.Broken())
			}
		})
	}
}

// TestFileThatEndsInsideAPartIsPlayedOver has a file as an interrupted curl leaves it.
func TestFileThatEndsInsideAPartIsPlayedOver(t *testing.T) {
	picture := encodeJPEG(t, 64, 48)
	part := fmt.Appendf(nil, "--x\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n", len(picture))
	whole := bytes.Join([][]byte{part, picture, []byte("\r\n")}, nil)
	feed := runFeed(t, camtest.Source(t, writeFile(t, "a.mpjpeg", whole, whole, part, picture[:len(picture)/2])))
	units := feed.Feed.Units().Reader()
	for range 5 {
		next(t, units)
	}
	if err := feed.Stop(); err != context.Canceled || feed.Feed.Broken() < 2 {
		t.Errorf("%v, %d broken", err, feed.Feed.Broken())
	}
}

// TestJPEGsInAFileAreShownAtTheUsualRate reads files that have no times.
func TestJPEGsInAFileAreShownAtTheUsualRate(t *testing.T) {
	var raw, parts [][]byte
	for n := range 30 {
		picture := encodeJPEG(t, 64, 48+8*(n%2))
		raw = append(raw, picture)
		parts = append(parts, []byte("--x\r\nContent-Type: image/jpeg\r\n\r\n"), picture, []byte("\r\n"))
	}
	for name, url := range map[string]string{"raw": writeFile(t, "a.mjpeg", raw...), "multipart": writeFile(t, "a.mpjpeg", parts...)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			feed := runFeed(t, camtest.Source(t, url))
			s := feed.Stream(t)
			units := feed.Feed.Units().Reader()
			ctx, cancel := context.WithTimeout(t.Context(), camtest.Patience)
			defer cancel()
			var first, last unit.Unit
			for n := range 50 { // the file starts over
				u, err := units.Next(ctx)
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					first = u
				}
				last = u
			}
			// Of 50 pictures the first may have waited in the buffer.
			if d := time.Since(began); d < 48*time.Second/rawRate || last.PTS <= first.PTS {
				t.Errorf("50 pictures took %v, from %v to %v", d, first.PTS, last.PTS)
			}
			if s.Codec != "mjpeg" || feed.Feed.Broken() > 0 {
				t.Errorf("%+v; %d pictures were dropped", s, feed.Feed.Broken())
			}
		})
	}
}
