// Command framegate turns IP cameras into pictures that a browser shows with nothing but <img src>.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the linker: -X main.version=…
var version = "development"

// commands is the command line.
type commands struct {
	Serve    serve         `cmd:"" default:"withargs" help:"Serve the cameras of a configuration."`
	Demo     demo          `cmd:"" help:"Serve four test cameras of its own, read over real RTSP."`
	Check    check         `cmd:"" help:"Load and check a configuration; print every fault with its line."`
	Probe    probe         `cmd:"" help:"Connect to a camera once and tell what it sends."`
	Hardware hardware      `cmd:"" help:"Try every plan of this machine and tell which work."`
	Health   healthCommand `cmd:"" help:"Ask a framegate of this machine whether it serves; for health checks."`
	Prove    prove         `cmd:"" name:"prove-plans" hidden:""`
	Version  printVersion  `cmd:"" help:"Print the version."`

	VersionFlag kong.VersionFlag `name:"version" help:"Print the version and exit."`
}

// errShown is a failure that the command has told already.
var errShown = errors.New("shown")

func main() {
	runtime.MemProfileRate = 0 // of a profile that nobody can ask for
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	var line commands
	parser := kong.Must(&line,
		kong.Name("framegate"),
		kong.Description("IP cameras as pictures that a browser shows with nothing but <img src>."),
		kong.Vars{"version": versionLine()},
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	command, err := parser.Parse(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "framegate: %v\n", err)
		os.Exit(2)
	}
	if err := command.Run(); err != nil {
		if !errors.Is(err, errShown) {
			fmt.Fprintf(os.Stderr, "framegate: %v\n", err)
		}
		os.Exit(1)
	}
}

type printVersion struct{}

func (printVersion) Run() error {
	fmt.Println(versionLine())
	return nil
}

func versionLine() string { return "framegate " + version }
