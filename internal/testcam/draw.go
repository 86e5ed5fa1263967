package testcam

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"

	"framegate/internal/testcam/mark"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// painter draws the frames of a loop in I420.
type painter struct {
	picture
	ground []byte // what all frames share
	large  font.Face
	small  font.Face
}

func newPainter(p picture) (*painter, error) {
	parsed, err := opentype.Parse(gobold.TTF)
	if err != nil {
		return nil, err
	}
	face := func(part float64) font.Face {
		f, faceErr := opentype.NewFace(parsed, &opentype.FaceOptions{Size: max(8, part*float64(p.height)), DPI: 72})
		if faceErr != nil {
			err = faceErr
		}
		return f
	}
	out := &painter{picture: p, large: face(0.13), small: face(0.07)}
	out.ground = out.paintGround()
	return out, err
}

// hues are the colours of the cameras' grounds, as Cb and Cr.
var hues = [][2]byte{{140, 112}, {118, 118}, {128, 142}, {120, 138}, {150, 122}, {132, 120}}

// paintGround paints a gradient in the camera's colour with hills before it.
func (p *painter) paintGround() []byte {
	frame := make([]byte, p.width*p.height*3/2)
	for y := range p.height {
		for x := range p.width {
			fx, fy := float64(x)/float64(p.width), float64(y)/float64(p.height)
			level := 150 - 70*fy
			hill := 0.62 + 0.10*math.Sin(5*fx+float64(p.number)) + 0.03*math.Sin(17*fx)
			if fy > hill {
				level = 62 - 25*(fy-hill)
			}
			frame[y*p.width+x] = byte(level)
		}
	}
	hue := hues[p.number%len(hues)]
	chroma := frame[p.width*p.height:]
	for i := range chroma {
		chroma[i] = hue[i*2/len(chroma)]
	}
	return frame
}

// paint returns frame i of the loop.
func (p *painter) paint(i int) []byte {
	frame := append([]byte(nil), p.ground...)
	p.ball(frame, i)
	clock := fmt.Sprintf("%02d:%02d.%02d", i/p.fps/60, i/p.fps%60, i%p.fps*100/p.fps)
	p.text(frame, p.label, p.small, 0.04, 0.12)
	p.text(frame, clock, p.large, 0.04, 0.30)
	p.text(frame, fmt.Sprintf("frame %d", i), p.small, 0.04, 0.41)
	mark.Draw(frame, p.width, p.width, p.height, p.number, i)
	return frame
}

// ball draws a bright ball on an orbit that closes with the loop.
func (p *painter) ball(frame []byte, i int) {
	angle := 2 * math.Pi * float64(i) / float64(p.frames)
	w, h := float64(p.width), float64(p.height)
	cx, cy, radius := w*(0.68+0.22*math.Cos(angle)), h*(0.36+0.22*math.Sin(2*angle)), 0.07*h
	for y := int(cy - radius); y <= int(cy+radius); y++ {
		for x := int(cx - radius); x <= int(cx+radius); x++ {
			d := math.Hypot(float64(x)-cx, float64(y)-cy)
			if d > radius || x < 0 || y < 0 || x >= p.width || y >= p.height {
				continue
			}
			frame[y*p.width+x] = byte(225 - 50*d/radius)
			chroma := p.width*p.height + y/2*(p.width/2) + x/2
			frame[chroma], frame[chroma+p.width*p.height/4] = 90, 150
		}
	}
}

// text writes white letters with a soft shadow; x and y are the begin of the base line in parts of the
// picture.
func (p *painter) text(frame []byte, text string, face font.Face, x, y float64) {
	luma := &image.Gray{Pix: frame[:p.width*p.height], Stride: p.width, Rect: image.Rect(0, 0, p.width, p.height)}
	for _, layer := range []struct {
		shift float64
		level uint8
	}{{0.004, 25}, {0, 235}} {
		drawer := font.Drawer{
			Dst: grayLayer{luma}, Src: image.NewUniform(color.Gray{Y: layer.level}), Face: face,
			Dot: fixed.P(int((x+layer.shift)*float64(p.width)), int((y+layer.shift)*float64(p.height))),
		}
		drawer.DrawString(text)
	}
}

// grayLayer lets a font be drawn on a luma plane.
type grayLayer struct{ *image.Gray }

var _ draw.Image = grayLayer{}
