// Command endure runs framegate for a long time under bad conditions and reports whether it kept its promises. It runs the
// framegate in its own folder, and has its own cameras and viewers.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/framegate/framegate/tools/endure/check"

	"github.com/alecthomas/kong"
)

// commands is the command line.
type commands struct {
	Chaos chaos `cmd:"" help:"Run cameras that fail in every way, viewers that behave badly, and reloads, and check every promise."`
	Soak  soak  `cmd:"" help:"Run cameras that work, and viewers that come and go, and measure what framegate takes of the machine."`
	Wall  wall  `cmd:"" help:"Show a wall of cameras in Chromium, of which one goes away now and then, and check that no memory grows and no tile stands silently."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var line commands
	parser := kong.Must(&line,
		kong.Name("endure"),
		kong.Description("Runs framegate for a long time and checks it meanwhile. The exit status is 1 if a promise was broken."),
		kong.Vars{"faults": check.FaultNames()},
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	command, err := parser.Parse(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "endure: %v\n", err)
		os.Exit(2)
	}
	if err := command.Run(); err != nil {
		fmt.Fprintf(os.Stderr, "endure: %v\n", err)
		os.Exit(1)
	}
}
