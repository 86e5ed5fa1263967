package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"time"

	"github.com/framegate/framegate/internal/testcam/mark"
	"github.com/framegate/framegate/internal/viewer"
)

// pictures are the pictures of a stream.
type pictures struct {
	byFrame map[int]image.Image // by the number that the camera wrote into the frame
}

// collect watches a stream for a time, after its first second. The cameras' loops are usually shorter than that: the last
// picture of each frame counts.
func collect(ctx context.Context, url string, length time.Duration) (pictures, error) {
	p := pictures{byFrame: map[int]image.Image{}}
	s, err := viewer.Open(ctx, url)
	if err != nil {
		return p, err
	}
	defer s.Close()
	begin := time.Now().Add(time.Second)
	var jpegs [][]byte
	for time.Since(begin) < length {
		picture, err := s.Next()
		if err != nil {
			return p, err
		}
		if picture.Read.Before(begin) {
			continue
		}
		jpegs = append(jpegs, bytes.Clone(picture.JPEG))
	}
	for _, text := range jpegs { // only now, since decoding takes as long as making them
		decoded, err := jpeg.Decode(bytes.NewReader(text))
		if err != nil {
			return p, err
		}
		_, frame, err := mark.Read(decoded)
		if err != nil {
			return p, fmt.Errorf("a picture does not show its number: %w", err)
		}
		p.byFrame[frame] = decoded
	}
	return p, nil
}

// watchStream watches a stream until ctx is done, and calls each for every picture unless that is nil. It sends to begun when
// the first picture has come, or why none has.
func watchStream(ctx context.Context, url string, begun chan<- error, each func(viewer.Picture)) error {
	s, err := viewer.Open(ctx, url)
	if err != nil {
		begun <- err
		return err
	}
	defer s.Close()
	picture, err := s.Next()
	begun <- err
	for err == nil {
		if each != nil {
			each(picture)
		}
		picture, err = s.Next()
	}
	return err
}

// flow is the rate and the latency of a stream.
type flow struct {
	rate    float64   // pictures a second
	latency []float64 // from the access unit in framegate to the JPEG read, ms
}

// follow measures a stream for a time, after its first second, and keeps none of its pictures.
func follow(ctx context.Context, url string, length time.Duration) (f flow, err error) {
	s, err := viewer.Open(ctx, url)
	if err != nil {
		return f, err
	}
	defer s.Close()
	begin := time.Now().Add(time.Second)
	var first, last time.Time
	for time.Since(begin) < length {
		picture, err := s.Next()
		if err != nil {
			return f, err
		}
		if picture.Read.Before(begin) {
			continue
		}
		if f.latency == nil {
			first = picture.Read
		}
		last = picture.Read
		f.latency = append(f.latency, millis(picture.Read.Sub(picture.Received)))
	}
	if last.After(first) {
		f.rate = float64(len(f.latency)-1) / last.Sub(first).Seconds()
	}
	return f, nil
}

// limitedRange reports whether these pictures have the limited range of video and the others the full range of a JPEG: whether
// stretching brings them closer to the others.
func (p pictures) limitedRange(other pictures) bool {
	for frame, picture := range p.byFrame {
		if reference, ok := other.byFrame[frame]; ok && picture.Bounds() == reference.Bounds() {
			return psnr(picture, reference, true) > psnr(picture, reference, false)
		}
	}
	return false
}

// sideBySide draws two pictures and eight times their difference side by side, as a JPEG.
func sideBySide(a, b image.Image) ([]byte, error) {
	size := a.Bounds().Size()
	drawn := image.NewRGBA(image.Rect(0, 0, 3*size.X, size.Y))
	draw.Draw(drawn, image.Rect(0, 0, size.X, size.Y), a, a.Bounds().Min, draw.Src)
	draw.Draw(drawn, image.Rect(size.X, 0, 2*size.X, size.Y), b, b.Bounds().Min, draw.Src)
	for y := range size.Y {
		for x := range size.X {
			left, right := drawn.RGBAAt(x, y), drawn.RGBAAt(size.X+x, y)
			drawn.SetRGBA(2*size.X+x, y, color.RGBA{difference(left.R, right.R), difference(left.G, right.G), difference(left.B, right.B), 255})
		}
	}
	var out bytes.Buffer
	err := jpeg.Encode(&out, drawn, &jpeg.Options{Quality: 92})
	return out.Bytes(), err
}

// difference is eight times the difference of two levels.
func difference(a, b uint8) uint8 { return uint8(min(255, 8*math.Abs(float64(a)-float64(b)))) }

// samePSNR stands for equal pictures, whose PSNR is infinite.
const samePSNR = 100

// psnr is the peak signal-to-noise ratio of a picture in dB: the lowest of those of luma and both chroma planes.
func psnr(picture, reference image.Image, limited bool) float64 {
	a, b := asYCbCr(picture), asYCbCr(reference)
	bounds := picture.Bounds()
	var y2, cb2, cr2 float64 // sums of squares
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			i, j := a.COffset(x, y), b.COffset(x, y)
			luma, cb, cr := float64(a.Y[a.YOffset(x, y)]), float64(a.Cb[i]), float64(a.Cr[i])
			if limited { // ITU-R BT.601: 219 steps of luma from 16 on, 224 of chroma
				luma, cb, cr = stretch((luma-16)*255/219), stretch((cb-128)*255/224+128), stretch((cr-128)*255/224+128)
			}
			y2 += square(luma - float64(b.Y[b.YOffset(x, y)]))
			cb2 += square(cb - float64(b.Cb[j]))
			cr2 += square(cr - float64(b.Cr[j]))
		}
	}
	mean := max(y2, cb2, cr2) / float64(bounds.Dx()*bounds.Dy())
	return min(samePSNR, 10*math.Log10(255*255/mean))
}

func stretch(v float64) float64 { return max(0, min(255, v)) }

func square(v float64) float64 { return v * v }

// asYCbCr returns a decoded JPEG with chroma, which that of a grey picture lacks.
func asYCbCr(img image.Image) *image.YCbCr {
	if yuv, ok := img.(*image.YCbCr); ok {
		return yuv
	}
	b := img.Bounds()
	yuv := image.NewYCbCr(b, image.YCbCrSubsampleRatio420)
	for i := range yuv.Cb {
		yuv.Cb[i], yuv.Cr[i] = 128, 128
	}
	if grey, ok := img.(*image.Gray); ok {
		for y := b.Min.Y; y < b.Max.Y; y++ {
			copy(yuv.Y[yuv.YOffset(b.Min.X, y):], grey.Pix[grey.PixOffset(b.Min.X, y):][:b.Dx()])
		}
	}
	return yuv
}
