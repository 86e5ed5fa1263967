// Command bench measures framegate on this machine, with real RTSP and HTTP over loopback, and prints a table for each section. It runs the
// framegate in its own folder, and the programs that it compares it with, and has its own cameras and viewers.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/framegate/framegate/internal/plot"
	"github.com/framegate/framegate/internal/table"

	"github.com/alecthomas/kong"
)

type options struct {
	Framegate string        `type:"path" help:"The framegate to measure; without it, the one beside bench."`
	Against   string        `type:"path" placeholder:"FILE" help:"Another build of framegate, which the part builds compares."`
	Only      []string      `enum:"${sections}" help:"Measure only these parts, of ${enum}."`
	JSON      string        `type:"path" placeholder:"FILE" help:"Write the table as JSON to this file too."`
	Plots     string        `type:"path" placeholder:"DIR" help:"Write plots as SVG to this folder."`
	Time      time.Duration `default:"10s" help:"How long each load is measured."`
	Rounds    int           `default:"5" help:"How often each comparison is made; the median counts."`
	Tries     int           `default:"50" help:"How often a first picture is requested."`
}

// section is a part of the table.
type section struct {
	name    string
	title   string
	measure func(*bench, context.Context) error
}

// sections lists the parts of the table in order.
var sections = []section{
	{"baselines", "One camera, one viewer: compared with other programs", (*bench).baselines},
	{"picture", "The picture itself", (*bench).picture},
	{"sharing", "Ten viewers of one camera", (*bench).sharing},
	{"idle", "A connected camera that nobody watches", (*bench).idle},
	{"readers", "RTSP readers", (*bench).readers},
	{"undecoded", "Avoided decoding", (*bench).undecoded},
	{"renditions", "Renditions of one camera", (*bench).renditions},
	{"first", "First picture", (*bench).first},
	{"latency", "From the camera to the viewer", (*bench).latency},
	{"clients", "Programs that look at the pictures of one camera at half size", (*bench).clients},
	{"viewers", "Many viewers of one camera", (*bench).viewers},
	{"tls", "Many viewers of one camera with TLS", (*bench).tls},
	{"slow", "Viewers who read slowly", (*bench).slow},
	{"browser", "One stream in Chromium", (*bench).browser},
	{"cameras", "Many cameras", (*bench).cameras},
	{"wall", "The wall", (*bench).wall},
	{"builds", "Compared with another build of framegate", (*bench).builds},
}

func sectionNames() string {
	var names []string
	for _, s := range sections {
		names = append(names, s.name)
	}
	return strings.Join(names, ", ")
}

func main() {
	var o options
	kong.Parse(&o, kong.Vars{"sections": sectionNames()},
		kong.Description("Measures framegate on this machine. The camera sends 1920x1080 H.264 at 25 fps and 4 Mbit/s with a keyframe every "+
			"two seconds; pictures are 480x270 unless a table says otherwise. Nothing else should run meanwhile."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := o.run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

func (o options) run(ctx context.Context) error {
	if o.Framegate == "" {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		o.Framegate = filepath.Join(filepath.Dir(self), "framegate")
	}
	b := &bench{options: o, table: table.New()}
	for _, s := range sections {
		if len(o.Only) > 0 && !slices.Contains(o.Only, s.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "bench: %s\n", strings.ToLower(s.title))
		b.table.Begin(s.name, s.title)
		if err := s.measure(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	b.table.Print(os.Stdout)
	if o.JSON != "" {
		if err := b.table.WriteJSON(o.JSON); err != nil {
			return err
		}
	}
	if o.Plots != "" {
		for _, p := range b.plots {
			if err := p.Write(o.Plots); err != nil {
				return err
			}
		}
	}
	return nil
}

// bench is the state that the measurements share.
type bench struct {
	options
	table table.Table
	plots []plot.Plot
}

// addLine adds a line to the grid of the current section.
func (b *bench) addLine(name string, cells ...table.Row) {
	b.table.AddLine(name, cells...)
	fmt.Fprintf(os.Stderr, "  %s", name)
	for _, c := range cells {
		fmt.Fprintf(os.Stderr, ", %s", c.Text())
	}
	fmt.Fprintln(os.Stderr)
}

// add adds a row to the current section.
func (b *bench) add(r table.Row) {
	b.table.Add(r)
	fmt.Fprintf(os.Stderr, "  %s: %s\n", r.Name, r.Text())
}
