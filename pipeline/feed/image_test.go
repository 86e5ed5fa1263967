package feed

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/tiff"

	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
)

// exifData is Exif data with an orientation.
func exifData(orientation byte) []byte {
	return append([]byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"), orientation, 0, 0)
}

// withChunk inserts a chunk into a PNG, before its data or after them.
func withChunk(data []byte, after bool, kind string, content []byte) []byte {
	at := 8 + 12 + 13 // the signature and IHDR
	if after {
		at = len(data) - 12 // IEND
	}
	body := append([]byte(kind), content...)
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(content)))
	chunk = binary.BigEndian.AppendUint32(append(chunk, body...), crc32.ChecksumIEEE(body))
	return slices.Insert(bytes.Clone(data), at, chunk...)
}

// withTag adds an orientation to a TIFF file.
func withTag(data []byte, orientation uint16) []byte {
	const tag, short, entry = 0x0112, 3, 12
	order := binary.LittleEndian
	old := data[order.Uint32(data[4:]):]
	count := order.Uint16(old)
	entries := bytes.Clone(old[2 : 2+entry*int(count)])
	at := 0
	for order.Uint16(entries[at:]) < tag {
		at += entry
	}
	added := order.AppendUint16(order.AppendUint16(nil, tag), short)
	added = order.AppendUint16(order.AppendUint32(added, 1), orientation)
	entries = slices.Insert(entries, at, append(added, 0, 0)...)
	file := bytes.Clone(data)
	order.PutUint32(file[4:], uint32(len(file)))
	return append(append(order.AppendUint16(file, count+1), entries...), 0, 0, 0, 0)
}

// stills are a picture of 48x32 as PNG, TIFF and WebP.
func stills(t *testing.T) (asPNG, asTIFF, asWebP []byte) {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, 48, 32))
	var p, q bytes.Buffer
	if err := png.Encode(&p, picture); err != nil {
		t.Fatal(err)
	}
	if err := tiff.Encode(&q, picture, nil); err != nil {
		t.Fatal(err)
	}
	asWebP, err := os.ReadFile("testdata/red.webp")
	if err != nil {
		t.Fatal(err)
	}
	return p.Bytes(), q.Bytes(), asWebP
}

func TestOrientationOfAStillIsThatOfItsExifData(t *testing.T) {
	asPNG, asTIFF, asWebP := stills(t)
	riff := func(kind string, content []byte) []byte {
		length := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(content)))
		return slices.Concat(asWebP, length, content, make([]byte, len(content)%2))
	}
	quarter := frame.Orientation{Degrees: 90}
	for name, c := range map[string]struct {
		file []byte
		want frame.Orientation
	}{
		"PNG":                     {asPNG, frame.Orientation{}},
		"PNG, a quarter":          {withChunk(asPNG, false, "eXIf", exifData(6)), quarter},
		"PNG, behind its data":    {withChunk(asPNG, true, "eXIf", exifData(6)), quarter},
		"PNG, like a JPEG's":      {withChunk(asPNG, false, "eXIf", append([]byte("Exif\x00\x00"), exifData(6)...)), quarter},
		"PNG, mirrored":           {withChunk(asPNG, false, "eXIf", exifData(2)), frame.Orientation{Mirrored: true}},
		"PNG, upright":            {withChunk(asPNG, false, "eXIf", exifData(1)), frame.Orientation{}},
		"PNG, out of range":       {withChunk(asPNG, false, "eXIf", exifData(9)), frame.Orientation{}},
		"PNG, cut off":            {withChunk(asPNG, false, "eXIf", exifData(6)[:15]), frame.Orientation{}},
		"PNG, empty":              {withChunk(asPNG, false, "eXIf", nil), frame.Orientation{}},
		"PNG, another chunk":      {withChunk(asPNG, false, "exIf", exifData(6)), frame.Orientation{}},
		"WebP":                    {asWebP, frame.Orientation{}},
		"WebP, a quarter":         {riff("EXIF", exifData(6)), quarter},
		"WebP, like a JPEG's":     {riff("EXIF", append([]byte("Exif\x00\x00"), exifData(8)...)), frame.Orientation{Degrees: 270}},
		"WebP, upside down":       {riff("EXIF", exifData(3)), frame.Orientation{Degrees: 180}},
		"WebP, cut off":           {riff("EXIF", exifData(6))[:len(asWebP)+12], frame.Orientation{}},
		"TIFF":                    {asTIFF, frame.Orientation{}},
		"TIFF, a quarter":         {withTag(asTIFF, 6), quarter},
		"TIFF, mirrored, turned":  {withTag(asTIFF, 5), frame.Orientation{Mirrored: true, Degrees: 270}},
		"TIFF, of no orientation": {withTag(asTIFF, 0), frame.Orientation{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			feed := runFeed(t, camtest.Source(t, writeFile(t, "a.bin", c.file)))
			width, height := c.want.Size(48, 32)
			if s := feed.Stream(t); s.Orientation != c.want || s.Width != width || s.Height != height {
				t.Errorf("the file has %+v, want %+v", s, c.want)
			}
			said := strings.Contains(strings.Join(feed.Feed.Oddities(), "; "), "are to be turned")
			if said != (c.want != frame.Orientation{}) {
				t.Errorf("odd: %q", feed.Feed.Oddities())
			}
		})
	}
}

// TestStillThatReplacesATurnedOneIsUpright plays a file that is replaced twice.
func TestStillThatReplacesATurnedOneIsUpright(t *testing.T) {
	f, in, _ := waiting(t)
	asPNG, _, _ := stills(t)
	url := writeFile(t, "a.jpg", asPNG)
	reader := &fileReader{path: strings.TrimPrefix(url, "file://"), in: in}
	for _, c := range []struct {
		file []byte
		want frame.Orientation
	}{
		{withChunk(asPNG, false, "eXIf", exifData(6)), frame.Orientation{Degrees: 90}},
		{encodeJPEG(t, 48, 32), frame.Orientation{}},
		{withChunk(asPNG, true, "eXIf", exifData(3)), frame.Orientation{Degrees: 180}},
		{asPNG, frame.Orientation{}},
	} {
		if err := os.WriteFile(reader.path, c.file, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := reader.play(t.Context()); err != io.EOF {
			t.Fatal(err)
		}
		if s := f.Stream(); s.Orientation != c.want {
			t.Errorf("got %+v, want %+v", s, c.want)
		}
	}
}

func TestStillThatIsNotDecodedIsNamed(t *testing.T) {
	brands := func(all ...string) []byte {
		return box("ftyp", []byte(all[0]), make([]byte, 4), []byte(strings.Join(all[1:], "")))
	}
	for name, c := range map[string]struct {
		head []byte
		want string
	}{
		"AVIF":                {brands("avif", "mif1", "miaf"), "it contains an AVIF picture, which framegate does not decode"},
		"AVIF by its codec":   {brands("mif1", "avif", "miaf"), "an AVIF picture"},
		"HEIC":                {brands("heic", "mif1", "heic"), "a HEIC picture"},
		"HEIC of 10 bits":     {brands("heix", "mif1", "heix"), "a HEIC picture"},
		"HEIC by its codec":   {brands("mif1", "heic"), "a HEIC picture"},
		"another codec":       {brands("mif1", "jpeg"), "a HEIF picture"},
		"no compatible brand": {brands("mif1"), "a HEIF picture"},
		"JPEG XL":             {[]byte("\xFF\x0A\x00"), "a JPEG XL picture"},
		"JPEG XL in boxes":    {[]byte("\x00\x00\x00\x0CJXL \r\n\x87\n\x00"), "a JPEG XL picture"},
		"JPEG 2000":           {[]byte("\x00\x00\x00\x0CjP  \r\n\x87\n\x00"), "a JPEG 2000 picture"},
	} {
		t.Run(name, func(t *testing.T) {
			file := append(c.head, make([]byte, 100)...)
			runFeed(t, camtest.Source(t, writeFile(t, "a.jpg", file))).Fails(t, frame.Unsupported, c.want)
		})
	}
	for _, head := range [][]byte{brands("isom", "avc1", "mif1"), brands("qt  "), {}, []byte("ftyp"), box("ftyp"), {0, 0, 0, 0, 'f', 't', 'y', 'p', 'm', 'i'}} {
		if got := unshownImage(head); got != "" {
			t.Errorf("%q is %s", head, got)
		}
	}
}
