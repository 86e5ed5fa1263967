package plan

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"image/color"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/gst"
)

// sampleFiles are one second of 320x180 at 25 fps in every codec, made by samples/make.sh: a white ball that moves over black.
//
//go:embed samples/*.mkv samples/*.m4v
var sampleFiles embed.FS

// sampleFrames is how many pictures a sample has.
const sampleFrames = 25

// proofTimeout is how long a plan may take for a sample.
const proofTimeout = 5 * time.Second

// Status is the outcome of a proof.
type Status string

// The statuses.
const (
	Works   Status = "works"   // the sample was turned into JPEGs
	Missing Status = "missing" // an element is not installed
	Failed  Status = "failed"  // installed, but the proof failed
)

// Proof says whether a plan works on this machine for a codec, tried with a sample.
type Proof struct {
	Plan     string  `json:"plan"`
	Platform string  `json:"platform"`
	Codec    string  `json:"codec"`
	Status   Status  `json:"status"`
	Decoder  string  `json:"decoder,omitempty"`
	Scaler   string  `json:"scaler,omitempty"`
	Encoder  string  `json:"encoder,omitempty"`
	FPS      float64 `json:"fps,omitempty"` // of pictures of 320x180 that are decoded, halved and encoded
	Reason   string  `json:"reason,omitempty"`
	Key      string  `json:"key,omitempty"` // of the plan, see Plan.Key
}

// jobs returns the plans of a platform that can be tried here, for every codec, always in the same order.
func (pf *platform) jobs() (all []Plan) {
	for _, codec := range gst.Codecs() {
		switch {
		case codec == "raw":
		case pf == software:
			all = append(all, softwarePlan(codec))
		default:
			all = append(all, pf.plans(codec)...)
		}
	}
	return all
}

// prove tries a plan with the sample of its codec.
func prove(ctx context.Context, p Plan) Proof {
	plan := p.describe("")
	proof := Proof{Plan: p.name, Platform: p.platform.name, Codec: p.codec, Encoder: plan.Encoder, Scaler: plan.Scaler, Decoder: plan.Decoder, Key: p.Key()}
	ctx, cancel := context.WithTimeoutCause(ctx, proofTimeout, fmt.Errorf("no answer within %v", proofTimeout))
	defer cancel()
	t := &trial{}
	p.anySize = true
	began := time.Now()
	decoder, err := t.run(ctx, p)
	switch {
	case t.frames >= sampleFrames:
		proof.Status, proof.Decoder = Works, decoder
		proof.FPS = float64(sampleFrames) / time.Since(began).Seconds()
		if err := isBall(t.last); err != nil {
			proof.Status, proof.FPS, proof.Reason = Failed, 0, err.Error()
		}
	case frame.ReasonOf(err) == frame.Unsupported:
		proof.Status, proof.Reason = Missing, err.Error()
	case err != nil && !errors.Is(err, io.EOF):
		proof.Status, proof.Reason = Failed, err.Error()
	default:
		proof.Status, proof.Reason = Failed, fmt.Sprintf("%d of %d pictures came out", t.frames, sampleFrames)
	}
	return proof
}

// trial is one run of a sample through a plan.
type trial struct {
	frames int
	last   []byte // the last JPEG
}

// run plays the sample and counts the JPEGs. It returns io.EOF at the end of the sample.
func (t *trial) run(ctx context.Context, p Plan) (decoder string, err error) {
	dir, err := os.MkdirTemp("", "framegate")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	path, err := writeSample(dir, p.codec)
	if err != nil {
		return "", err
	}
	g, err := gst.New()
	if err != nil {
		return "", err
	}
	defer g.Close()
	source, err := g.Add(gst.Spec{Factory: "filesrc", Set: map[string]any{"location": path}}, gst.Spec{Factory: "parsebin"})
	if err != nil {
		return "", err
	}
	first, last, err := p.AddDecoder(g, "", false)
	if err != nil {
		return "", err
	}
	in, out, err := p.AddOutput(g, frame.Rendition{Width: 160, Height: 90, Quality: 80}, Camera{})
	if err != nil {
		return "", err
	}
	source[1].LinkLater(first)
	if err := last.Link(in); err != nil {
		return "", err
	}
	queue, err := gst.NewQueue()
	if err != nil {
		return "", err
	}
	queue.Collect(out, 0)
	count := func(s gst.Sample) {
		t.frames++
		t.last = append(t.last[:0], s.Data...)
	}
	var counting sync.WaitGroup
	defer counting.Wait()
	defer queue.Close()
	counting.Go(func() {
		for queue.Wait() == nil {
			queue.Take(count, gst.NoDelay)
		}
	})
	if err := g.Play(ctx, proofTimeout); err != nil {
		return "", err
	}
	select {
	case err = <-g.Ended():
		queue.Take(count, gst.NoDelay)
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	return g.Decoder(), err
}

func writeSample(dir, codec string) (path string, err error) {
	name := codec + ".mkv"
	if codec == "mpeg4" {
		name = codec + ".m4v" // see samples/make.sh
	}
	content, err := sampleFiles.ReadFile("samples/" + name)
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, name)
	return path, os.WriteFile(path, content, 0o600)
}

// isBall checks the last picture of a sample, at half the size: a driver may give black, green or garbled pictures without an
// error.
func isBall(picture []byte) error {
	decoded, err := jpeg.Decode(bytes.NewReader(picture))
	if err != nil {
		return fmt.Errorf("its JPEG cannot be read: %w", err)
	}
	bounds := decoded.Bounds()
	if bounds.Dx() != 160 || bounds.Dy() != 90 {
		return fmt.Errorf("its pictures are %dx%d instead of 160x90", bounds.Dx(), bounds.Dy())
	}
	bright, dark := 0, 0
	for y := range 90 {
		for x := range 160 {
			switch v := color.GrayModel.Convert(decoded.At(bounds.Min.X+x, bounds.Min.Y+y)).(color.Gray).Y; {
			case v > 160:
				bright++
			case v < 64:
				dark++
			}
		}
	}
	if bright < ballMin || bright > ballMax || dark < 160*90*9/10 {
		return errors.New("its pictures are wrong: they do not show the sample's white ball on black")
	}
	return nil
}

// ballMin and ballMax limit how many pixels of the picture may be white, with a wide margin.
const ballMin, ballMax = 100, 700

// platformNamed finds a platform.
func platformNamed(name string) (*platform, bool) {
	i := slices.IndexFunc(platforms, func(pf *platform) bool { return pf.name == name })
	if i < 0 {
		return nil, false
	}
	return platforms[i], true
}
