// Command endure runs framegate for a long time under bad conditions and tells whether it kept its word. It runs the
// framegate that lies beside it, and is its own cameras and its own viewers.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is the command line.
type commands struct {
	Chaos chaos `cmd:"" help:"Cameras that fail in every way, viewers that behave badly, and reloads; every promise is checked."`
	Soak  soak  `cmd:"" help:"Cameras that work, and viewers that come and go; what framegate takes of the machine is plotted."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var line commands
	parser := kong.Must(&line,
		kong.Name("endure"),
		kong.Description("Runs framegate for a long time and checks it meanwhile. The exit status is 1 where a promise was broken."),
		kong.Vars{"faults": faultNames()},
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
