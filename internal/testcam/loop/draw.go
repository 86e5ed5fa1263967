package loop

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"

	"github.com/framegate/framegate/internal/testcam/mark"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// painter draws the frames of a loop. It belongs to one goroutine.
type painter struct {
	Spec
	ground i420 // shared by all frames
	frame  i420 // drawn last
	large  font.Face
	small  font.Face
	noise  []int8 // for more than one frame; nil without grain
}

func newPainter(s Spec) (*painter, error) {
	parsed, err := opentype.Parse(gobold.TTF)
	if err != nil {
		return nil, err
	}
	face := func(part float64) font.Face {
		f, faceErr := opentype.NewFace(parsed, &opentype.FaceOptions{Size: max(8, part*float64(s.Height)), DPI: 72})
		if faceErr != nil {
			err = faceErr
		}
		return f
	}
	out := &painter{Spec: s, large: face(0.13), small: face(0.07)}
	out.ground, out.frame = out.paintGround(), newI420(s.Width, s.Height)
	if s.Grain > 0 {
		out.noise = makeNoise(s)
	}
	return out, err
}

// hues are the colours of the cameras' grounds, as Cb and Cr.
var hues = [][2]byte{{140, 112}, {118, 118}, {128, 142}, {120, 138}, {150, 122}, {132, 120}}

// paintGround paints hills before a gradient in the camera's colour.
func (p *painter) paintGround() i420 {
	f := newI420(p.Width, p.Height)
	luma := f.luma()
	for x := range p.Width {
		fx := float64(x) / float64(p.Width)
		hill := 0.62 + 0.10*math.Sin(5*fx+float64(p.Number)) + 0.03*math.Sin(17*fx)
		for y := range p.Height {
			fy := float64(y) / float64(p.Height)
			level := 150 - 70*fy
			if fy > hill {
				level = 62 - 25*(fy-hill)
			}
			luma[y*f.stride+x] = byte(level)
		}
	}
	hue := hues[p.Number%len(hues)]
	cb, cr := f.chroma()
	for i := range cb {
		cb[i], cr[i] = hue[0], hue[1]
	}
	return f
}

// paint returns frame i of the loop, in memory that the next call overwrites.
func (p *painter) paint(i int) []byte {
	f := p.frame
	copy(f.data, p.ground.data)
	p.ball(f, i)
	clock := fmt.Sprintf("%02d:%02d.%02d", i/p.FPS/60, i/p.FPS%60, i%p.FPS*100/p.FPS)
	p.text(f, p.Label, p.small, 0.04, 0.12)
	p.text(f, clock, p.large, 0.04, 0.30)
	p.text(f, fmt.Sprintf("frame %d", i), p.small, 0.04, 0.41)
	p.grainOver(f.luma(), i)
	mark.Draw(f.luma(), f.stride, p.Width, p.Height, p.Number, i)
	return f.data
}

// makeNoise fills twice the luma of a frame, the same for the same camera.
func makeNoise(s Spec) []int8 {
	random := rand.New(rand.NewPCG(uint64(s.Number), uint64(s.Grain)))
	noise := make([]int8, 2*len(newI420(s.Width, s.Height).luma()))
	for i := range noise {
		noise[i] = int8(random.IntN(2*s.Grain+1) - s.Grain)
	}
	return noise
}

// grainOver adds noise, from another place of it for each frame: the noise of a sensor changes too.
func (p *painter) grainOver(luma []byte, frame int) {
	if p.noise == nil {
		return
	}
	begin := int(uint64(frame) * 7919 * 104729 % uint64(len(luma))) // two primes: far apart for neighbours
	for i, n := range p.noise[begin : begin+len(luma)] {
		luma[i] = byte(min(max(int(luma[i])+int(n), 16), 235))
	}
}

// ball draws a bright ball on an orbit that closes with the loop.
func (p *painter) ball(f i420, i int) {
	angle := 2 * math.Pi * float64(i) / float64(p.Length)
	w, h := float64(p.Width), float64(p.Height)
	cx, cy, radius := w*(0.68+0.22*math.Cos(angle)), h*(0.36+0.22*math.Sin(2*angle)), 0.07*h
	luma := f.luma()
	cb, cr := f.chroma()
	for y := int(cy - radius); y <= int(cy+radius); y++ {
		for x := int(cx - radius); x <= int(cx+radius); x++ {
			d := math.Hypot(float64(x)-cx, float64(y)-cy)
			if d > radius || x < 0 || y < 0 || x >= p.Width || y >= p.Height {
				continue
			}
			luma[y*f.stride+x] = byte(225 - 50*d/radius)
			cb[y/2*f.chromaStride+x/2], cr[y/2*f.chromaStride+x/2] = 90, 150
		}
	}
}

// text writes white letters with a soft shadow. x and y are the beginning of the base line, as parts of the picture.
func (p *painter) text(f i420, text string, face font.Face, x, y float64) {
	luma := &image.Gray{Pix: f.luma(), Stride: f.stride, Rect: image.Rect(0, 0, p.Width, p.Height)}
	for _, layer := range []struct {
		shift float64
		level uint8
	}{{0.004, 25}, {0, 235}} {
		drawer := font.Drawer{
			Dst: luma, Src: image.NewUniform(color.Gray{Y: layer.level}), Face: face,
			Dot: fixed.P(int((x+layer.shift)*float64(p.Width)), int((y+layer.shift)*float64(p.Height))),
		}
		drawer.DrawString(text)
	}
}
