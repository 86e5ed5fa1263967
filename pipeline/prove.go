package pipeline

import (
	"context"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"framegate/pipeline/frame"
)

// sampleFiles are one second of 320x180 at 25 fps in every codec, made by samples/make.sh.
//
//go:embed samples/*.mkv samples/*.m4v
var sampleFiles embed.FS

// sampleFrames is how many pictures a sample has.
const sampleFrames = 25

// proofTimeout is how long a plan may take for a sample.
const proofTimeout = 5 * time.Second

// Verdict is the outcome of a proof.
type Verdict string

// The verdicts.
const (
	Works   Verdict = "works"   // the sample came out as JPEGs
	Missing Verdict = "missing" // an element is not installed
	Broken  Verdict = "failed"  // it is installed and did not do it
)

// Proof tells whether a plan works on this machine for a codec, as tried with a sample.
type Proof struct {
	Plan    string  `json:"plan"`
	Codec   string  `json:"codec"`
	Status  Verdict `json:"status"`
	Decoder string  `json:"decoder,omitempty"`
	Encoder string  `json:"encoder,omitempty"`
	FPS     float64 `json:"fps,omitempty"` // of 320x180 pictures, decoded, halved and encoded
	Reason  string  `json:"reason,omitempty"`
}

// Hardware is what this machine can do.
type Hardware struct {
	GStreamer string     `json:"gstreamer"` // its version
	Platforms []Platform `json:"platforms"`
	Plans     []Proof    `json:"plans"`
}

// Platform is a kind of machine that pictures can be made by. Software is the only one so far.
type Platform struct {
	Name   string  `json:"name"`
	Status Verdict `json:"status"` // Works where one of its plans does
}

// Prove tries every plan on a sample of every codec. It takes about a second.
func Prove(ctx context.Context) Hardware {
	h := Hardware{GStreamer: Version()}
	prove(ctx, software, codecs[0].codec) // loads the libraries, which the first measurement would count
	for _, c := range codecs {
		if c.codec != "raw" {
			h.Plans = append(h.Plans, prove(ctx, software, c.codec))
		}
	}
	platform := Platform{Name: software.name, Status: Broken}
	if slices.ContainsFunc(h.Plans, func(p Proof) bool { return p.Status == Works }) {
		platform.Status = Works
	}
	h.Platforms = append(h.Platforms, platform)
	return h
}

func prove(ctx context.Context, p plan, codec string) Proof {
	proof := Proof{Plan: p.name, Codec: codec, Encoder: p.encoder}
	ctx, cancel := context.WithTimeoutCause(ctx, proofTimeout, fmt.Errorf("no answer within %v", proofTimeout))
	defer cancel()
	var frames atomic.Int32
	began := time.Now()
	decoder, err := runSample(ctx, p, codec, &frames)
	switch {
	case frames.Load() >= sampleFrames:
		proof.Status, proof.Decoder = Works, decoder
		proof.FPS = float64(sampleFrames) / time.Since(began).Seconds()
	case frame.ReasonOf(err) == frame.Unsupported:
		proof.Status, proof.Reason = Missing, err.Error()
	case err != nil && !ended(err):
		proof.Status, proof.Reason = Broken, err.Error()
	default:
		proof.Status, proof.Reason = Broken, fmt.Sprintf("%d of %d pictures came out", frames.Load(), sampleFrames)
	}
	return proof
}

// runSample plays a sample through a plan and counts the JPEGs. The error is io.EOF at the end.
func runSample(ctx context.Context, p plan, codec string, frames *atomic.Int32) (decoder string, err error) {
	dir, err := os.MkdirTemp("", "framegate")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	name := codec + ".mkv"
	if codec == "mpeg4" {
		name = codec + ".m4v" // see samples/make.sh
	}
	content, err := sampleFiles.ReadFile("samples/" + name)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return "", err
	}

	g, err := newGraph()
	if err != nil {
		return "", err
	}
	defer g.stop()
	source, err := g.add(element{"filesrc", map[string]any{"location": path}}, element{factory: "parsebin"})
	if err != nil {
		return "", err
	}
	decode, err := p.addDecoder(g, codec)
	if err != nil {
		return "", err
	}
	in, out, err := p.addOutput(g, frame.Rendition{Width: 160, Height: 90, Quality: 80}, nil)
	if err != nil {
		return "", err
	}
	linkLater(source[1], decode)
	if err := link(decode, in); err != nil {
		return "", err
	}
	box, err := newInbox()
	if err != nil {
		return "", err
	}
	box.collect(out, 0)
	count := func(sample) { frames.Add(1) }
	var counting sync.WaitGroup
	defer counting.Wait()
	defer box.close()
	counting.Go(func() {
		for box.wait() == nil {
			box.take(count, noHold)
		}
	})
	if err := g.play(); err != nil {
		return "", err
	}
	select {
	case err = <-g.ended:
		box.take(count, noHold)
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	decoder, _ = g.decoder()
	return decoder, err
}
