package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"text/tabwriter"

	"framegate/pipeline"
)

type hardware struct {
	JSON bool `help:"Print JSON."`
}

func (h hardware) Run(ctx context.Context) error {
	found := pipeline.Prove(ctx)
	if h.JSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(found)
	}
	fmt.Printf("GStreamer %s\n\n", found.GStreamer)
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "PLAN\tCODEC\tSTATUS\tDECODER\tENCODER\tFPS\tREASON")
	for _, p := range found.Plans {
		fps := "-"
		if p.FPS > 0 {
			fps = fmt.Sprintf("%.0f", p.FPS)
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", p.Plan, p.Codec, p.Status, cmp.Or(p.Decoder, "-"), p.Encoder, fps, p.Reason)
	}
	return out.Flush()
}

// hardwareCache proves the plans once, when they are first asked for.
type hardwareCache struct {
	once  sync.Once
	found pipeline.Hardware
}

func (h *hardwareCache) get() any {
	h.once.Do(func() { h.found = pipeline.Prove(context.Background()) })
	return h.found
}
