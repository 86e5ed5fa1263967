package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/framegate/framegate/internal/terminal"
	"github.com/framegate/framegate/pipeline/plan"
)

type hardware struct {
	JSON bool `help:"Print JSON."`
}

func (h hardware) Run(ctx context.Context) error {
	found := plan.Prove(ctx, proveInChild)
	if h.JSON {
		enc := json.NewEncoder(terminal.NewWriter(os.Stdout))
		enc.SetIndent("", "  ")
		return enc.Encode(found)
	}
	printHardware(terminal.NewWriter(os.Stdout), found)
	return nil
}

func printHardware(w io.Writer, found plan.Hardware) {
	fmt.Fprintf(w, "GStreamer %s\n\n", found.GStreamer)
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "PLATFORM\tSTATUS\tWHY")
	for _, p := range found.Platforms {
		fmt.Fprintf(out, "%s\t%s\t%s\n", p.Name, p.Status, cmp.Or(p.Reason, p.Title))
		if p.Advice != "" {
			fmt.Fprintf(out, "\t\t→ %s\n", p.Advice)
		}
	}
	out.Flush()
	fmt.Fprintln(w)
	fmt.Fprintln(out, "PLAN\tCODEC\tSTATUS\tDECODER\tSCALER\tENCODER\tFPS\tWHY")
	for _, p := range found.Plans {
		fps := "-"
		if p.FPS > 0 {
			fps = strconv.Itoa(int(p.FPS))
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", p.Plan, p.Codec, p.Status,
			cmp.Or(p.Decoder, "-"), cmp.Or(p.Scaler, "-"), cmp.Or(p.Encoder, "-"), fps, p.Reason)
	}
	out.Flush()
}

// prove is the hidden command that proveInChild runs. It tries the plans of one platform.
type prove struct {
	Platform string `arg:""`
	From     int    `arg:""`
}

func (p prove) Run(ctx context.Context) error {
	return plan.ProveHere(ctx, p.Platform, p.From, os.Stdout)
}

// proveInChild is a plan.Prover that runs this program in a child process. It prefers the name under which this program was started:
// os.Executable is the dynamic loader if that has started the program.
func proveInChild(ctx context.Context, platform string, from int) *exec.Cmd {
	self, err := exec.LookPath(os.Args[0])
	if err != nil {
		self, err = os.Executable()
	}
	if err != nil {
		self = os.Args[0]
	}
	return exec.CommandContext(ctx, self, "prove-plans", platform, strconv.Itoa(from))
}

// proveWithout returns a plan.Prover like proveInChild whose children do not get some environment variables, which may be secrets.
func proveWithout(variables []string) plan.Prover {
	return func(ctx context.Context, platform string, from int) *exec.Cmd {
		cmd := proveInChild(ctx, platform, from)
		cmd.Env = slices.DeleteFunc(os.Environ(), func(entry string) bool {
			name, _, _ := strings.Cut(entry, "=")
			return slices.Contains(variables, name)
		})
		return cmd
	}
}
