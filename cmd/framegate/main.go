// Command framegate turns IP cameras into pictures that a browser shows with nothing but <img src>.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"github.com/framegate/framegate/configs"

	"github.com/alecthomas/kong"
)

// version is set by the linker: -X main.version=…
var version = "development"

// commands is the command line.
type commands struct {
	Serve    serve         `cmd:"" default:"withargs" help:"Serve the cameras of a configuration."`
	Demo     demo          `cmd:"" help:"Start four test cameras and serve them, read over real RTSP."`
	Check    check         `cmd:"" help:"Check a configuration and print every fault with its place."`
	Probe    probe         `cmd:"" help:"Connect to a camera once and print what it sends."`
	Hardware hardware      `cmd:"" help:"Try every plan of this machine and print which work."`
	Health   healthCommand `cmd:"" help:"Check that a framegate on this machine serves; for health checks of containers."`
	Prove    prove         `cmd:"" name:"prove-plans" hidden:""`
	Version  printVersion  `cmd:"" help:"Print the version."`

	VersionFlag kong.VersionFlag `name:"version" help:"Print the version and exit."`
}

// errShown is an error that the command has printed itself.
var errShown = errors.New("shown")

func main() {
	runtime.MemProfileRate = 0 // no route serves the profile
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	var line commands
	parser := kong.Must(&line,
		kong.Name("framegate"),
		kong.Description("IP cameras as pictures that a browser shows with nothing but <img src>."),
		kong.Vars{"version": versionLine()}, defaults(),
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

// defaults are the variables of help texts and flags that stand for values of package configs.
func defaults() kong.Vars {
	config := configs.Default()
	return kong.Vars{
		"searched":        "./" + strings.Join(configs.Searched, ", "),
		"listen":          config.Listen,
		"connect_timeout": config.Defaults.ConnectTimeout.String(),
		"transport":       string(config.Defaults.Transport),
		"transports":      fmt.Sprintf("%s,%s,%s", configs.TCP, configs.UDP, configs.Auto),
	}
}

type printVersion struct{}

func (printVersion) Run() error {
	fmt.Println(versionLine())
	return nil
}

func versionLine() string { return "framegate " + version }
