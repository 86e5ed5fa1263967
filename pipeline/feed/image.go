package feed

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/gif"
	_ "image/png"
	"io"
	"os"
	"time"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/jpeg"
	"github.com/framegate/framegate/pipeline/unit"
	"github.com/framegate/framegate/pipeline/webp"
)

// convertedImage is the JPEG of a file with a picture of another kind, as the file has it, and how it is to be turned.
type convertedImage struct {
	at   time.Time // when the file was changed
	size int64
	jpeg []byte

	orientation frame.Orientation
}

// imageQuality is the quality of the JPEGs that stand for pictures of other kinds.
const imageQuality = 95

// maxImage is how many bytes a file with a picture may have.
const maxImage = 256 << 20

// isImage reports whether the beginning of a file is that of a picture that Go decodes.
func isImage(head []byte) bool {
	for _, mark := range []string{"\x89PNG\r\n\x1a\n", "GIF87a", "GIF89a", "II*\x00", "MM\x00*"} {
		if bytes.HasPrefix(head, []byte(mark)) {
			return true
		}
	}
	return len(head) > 16 && (string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP" ||
		string(head[:2]) == "BM" && string(head[6:10]) == "\x00\x00\x00\x00") // a BMP has two reserved fields there
}

// unshownImage names the kind of picture that a file begins with, if it is one that framegate does not read, else it is empty.
func unshownImage(head []byte) string {
	for mark, kind := range map[string]string{
		"\xFF\x0A": "a JPEG XL", "\x00\x00\x00\x0CJXL \r\n\x87\n": "a JPEG XL", "\x00\x00\x00\x0CjP  \r\n\x87\n": "a JPEG 2000",
	} {
		if bytes.HasPrefix(head, []byte(mark)) {
			return kind
		}
	}
	if len(head) < 12 || string(head[4:8]) != "ftyp" { // ISO/IEC 14496-12, 4.3
		return ""
	}
	brands := head[:min(len(head), int(binary.BigEndian.Uint32(head)))]
	switch string(head[8:12]) {
	case "avif":
		return "an AVIF"
	case "heic", "heix", "heim", "heis":
		return "a HEIC"
	case "mif1": // of any codec; a compatible brand names it
		switch {
		case bytes.Contains(brands, []byte("avif")):
			return "an AVIF"
		case bytes.Contains(brands, []byte("hei")):
			return "a HEIC"
		}
		return "a HEIF"
	}
	return ""
}

// showImage passes on the picture in the file, as a JPEG. It returns io.EOF.
func (f *fileReader) showImage(file *os.File, info os.FileInfo) error {
	if f.converted == nil || !f.converted.at.Equal(info.ModTime()) || f.converted.size != info.Size() {
		converted, err := convertImage(file, info.Size())
		switch {
		case err == nil:
			f.converted = &convertedImage{info.ModTime(), info.Size(), converted, imageOrientation(file, info.Size())}
		case f.converted == nil:
			return &frame.CameraError{Reason: frame.NoVideo, Text: fmt.Sprintf("%s: %v", f.path, err)}
		default: // somebody may be writing it
			f.in.feed.broken.Add(1)
		}
	}
	f.in.orient(f.converted.orientation)
	f.in.Unit(f.converted.jpeg, unit.NoPTS, true, time.Now(), &jpegFile)
	return io.EOF
}

// convertImage makes a JPEG of a picture of another kind. Transparent parts become white, as on most pages.
func convertImage(file io.ReaderAt, size int64) ([]byte, error) {
	if size > maxImage {
		return nil, fmt.Errorf("a picture of %d bytes, more than %d", size, maxImage)
	}
	config, _, err := image.DecodeConfig(io.NewSectionReader(file, 0, size))
	if err != nil {
		return nil, err
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxArea/config.Height {
		return nil, fmt.Errorf("a picture of %dx%d, more than %d pixels", config.Width, config.Height, maxArea)
	}
	picture, _, err := webp.Decode(io.NewSectionReader(file, 0, size))
	if err != nil {
		return nil, err
	}
	if opaque, ok := picture.(interface{ Opaque() bool }); !ok || !opaque.Opaque() {
		size := picture.Bounds()
		flat := image.NewRGBA(size)
		draw.Draw(flat, size, image.NewUniform(color.White), image.Point{}, draw.Src)
		draw.Draw(flat, size, picture, size.Min, draw.Over)
		picture = flat
	}
	return jpeg.Encode(picture, imageQuality)
}

// imageOrientation reads how the picture in a file of the given size is to be turned, as its Exif data say. Of the kinds that
// isImage knows, PNG, WebP and TIFF have such data.
func imageOrientation(file io.ReaderAt, size int64) frame.Orientation {
	head := make([]byte, 12)
	file.ReadAt(head, 0)
	switch {
	case bytes.HasPrefix(head, []byte("\x89PNG")):
		return exifOrientation(file, pngChunks, size)
	case bytes.HasPrefix(head, []byte("RIFF")):
		return exifOrientation(file, webpChunks, size)
	}
	return jpeg.TIFFOrientation(file)
}

// chunks says how a kind of file is divided into chunks, each of which begins with its kind and its length.
type chunks struct {
	first int64 // where the first one begins
	exif  string
	read  func(head []byte) (kind string, length, padding int64)
}

var (
	pngChunks = chunks{8, "eXIf", func(head []byte) (string, int64, int64) {
		return string(head[4:]), int64(binary.BigEndian.Uint32(head)), 4 // a checksum
	}}
	webpChunks = chunks{12, "EXIF", func(head []byte) (string, int64, int64) {
		length := int64(binary.LittleEndian.Uint32(head[4:]))
		return string(head[:4]), length, length % 2
	}}
)

// maxChunks is how many chunks of a file are looked at. A PNG of maxImage in chunks of 8 KB has 32,768.
const maxChunks = 100_000

// exifOrientation reads the orientation in the chunk with Exif data, if there is one.
func exifOrientation(file io.ReaderAt, in chunks, size int64) frame.Orientation {
	head := make([]byte, 8)
	for at, n := in.first, 0; at+8 <= size && n < maxChunks; n++ {
		if read, _ := file.ReadAt(head, at); read < len(head) {
			break
		}
		kind, length, padding := in.read(head)
		at += int64(len(head))
		if kind == in.exif {
			const mark = "Exif\x00\x00" // which belongs to JPEGs, but some programs write it here too
			start := make([]byte, len(mark))
			if file.ReadAt(start, at); string(start) == mark {
				at, length = at+int64(len(mark)), length-int64(len(mark))
			}
			return jpeg.TIFFOrientation(io.NewSectionReader(file, at, max(0, length)))
		}
		at += length + padding
	}
	return frame.Orientation{}
}
