package feed

import (
	"bytes"
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
	_ "golang.org/x/image/webp"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/jpeg"
	"github.com/framegate/framegate/pipeline/unit"
)

// convertedImage is the JPEG of a file with a picture of another kind.
type convertedImage struct {
	at   time.Time // when the file was changed
	size int64
	jpeg []byte
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

// showImage passes on the picture in the file, as a JPEG. It returns io.EOF.
func (f *fileReader) showImage(file *os.File, info os.FileInfo) error {
	if f.converted == nil || !f.converted.at.Equal(info.ModTime()) || f.converted.size != info.Size() {
		converted, err := convertImage(file, info.Size())
		switch {
		case err == nil:
			f.converted = &convertedImage{info.ModTime(), info.Size(), converted}
		case f.converted == nil:
			return &frame.CameraError{Reason: frame.NoVideo, Text: fmt.Sprintf("%s: %v", f.path, err)}
		default: // somebody may be writing it
			f.in.feed.broken.Add(1)
		}
	}
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
	picture, _, err := image.Decode(io.NewSectionReader(file, 0, size))
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
