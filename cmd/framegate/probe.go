package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/terminal"
	"github.com/framegate/framegate/pipeline"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/plan"
)

type probe struct {
	URL       string            `arg:"" help:"URL of the camera as in a configuration: rtsp://user:password@host/path, http://…, file:///…, v4l2:///dev/video0, 0."`
	Transport configs.Transport `enum:"${transports}" default:"${transport}" help:"Transport of RTSP: ${enum}."`
	Reader    configs.Reader    `enum:"${readers}" default:"${reader}" help:"Reader of RTSP: ${enum}; rtspsrc is that of GStreamer."`
	Timeout   time.Duration     `default:"${connect_timeout}" help:"How long to wait for an answer. After its answer the camera has a minute to send data, or this time if it is longer."`
	TLSVerify bool              `name:"tls-verify" default:"true" negatable:"" help:"Check the certificate of the camera; --no-tls-verify accepts any certificate, and TLS older than 1.2."`
	Look      time.Duration     `default:"6s" help:"How long to measure the rate and the keyframe interval, at most."`
	JSON      bool              `help:"Print JSON."`
}

func (p probe) Run(ctx context.Context) error {
	src, err := configs.ParseSource(p.URL)
	if err != nil {
		return err
	}
	src.Transport, src.Reader, src.ConnectTimeout, src.TLSVerify = p.Transport, p.Reader, p.Timeout, p.TLSVerify
	var machine plan.Machine
	machine.SetProofs(plan.Prove(ctx, proveInChild))
	report, err := pipeline.Probe(ctx, &machine, src, p.Look, func(w frame.Waiting) { printStderr(terminal.Line(w.Err.Error())) })
	if err != nil {
		for _, odd := range report.Oddities {
			printStderr("odd: " + terminal.Line(odd))
		}
		return errors.New(terminal.Line(err.Error()))
	}
	found := probed(report.Findings())
	if p.JSON {
		enc := json.NewEncoder(terminal.NewWriter(os.Stdout))
		enc.SetIndent("", "  ")
		return enc.Encode(found)
	}
	found.print(terminal.NewWriter(os.Stdout), p.Look)
	return nil
}

// probed is the result of a probe.
type probed pipeline.Findings

// print prints the findings as text. look is how long the rate was measured at most.
func (p probed) print(to io.Writer, look time.Duration) {
	out := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	defer out.Flush()
	keyframes := fmt.Sprintf("every %.2f s", p.KeyframeInterval)
	if p.KeyframeInterval == 0 {
		keyframes = "none after the first"
		if p.RefreshInterval > 0 {
			keyframes = fmt.Sprintf("none; instead the camera refreshes the whole picture gradually, once every %.2f s", p.RefreshInterval)
		}
	}
	codec := p.Codec
	if p.HDR != "" {
		codec += ", HDR (" + strings.ToUpper(string(p.HDR)) + "), which is shown without tone mapping"
	}
	fmt.Fprintf(out, "codec\t%s\n", codec)
	size := fmt.Sprintf("%dx%d", p.Width, p.Height)
	if p.PixelAspect != "" {
		size += fmt.Sprintf(": the camera sends %dx%d with pixels of %s", p.CodedWidth, p.CodedHeight, p.PixelAspect)
	}
	fmt.Fprintf(out, "size\t%s\n", size)
	if p.FPS > 0 {
		fmt.Fprintf(out, "fps\t%.2f\n", p.FPS)
		fmt.Fprintf(out, "keyframes\t%s\n", keyframes)
	} else {
		fmt.Fprintf(out, "fps\tnot measured: too few pictures came within %v; a longer --look may be enough\n", look)
	}
	fmt.Fprintf(out, "plan\t%s: %s, %s, %s\n", p.Plan.Name, p.Plan.Decoder, p.Plan.Scaler, p.Plan.Encoder)
	fmt.Fprintf(out, "\t%s\n", p.Plan.Chosen)
	fmt.Fprintf(out, "connected in\t%.0f ms\n", p.ConnectTime*1000)
	fmt.Fprintf(out, "first picture in\t%.0f ms\n", p.FirstPicture*1000)
	for _, odd := range p.Oddities {
		fmt.Fprintf(out, "odd\t%s\n", terminal.Line(odd))
	}
}
