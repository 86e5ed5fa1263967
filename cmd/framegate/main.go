//go:debug x509negativeserial=1

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
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/onvif"
	"github.com/framegate/framegate/internal/terminal"
	"github.com/framegate/framegate/web/auth/links"

	"github.com/alecthomas/kong"
)

// version is set by the linker: -X main.version=…
var version = "development"

// commands is the command line.
type commands struct {
	Serve    serve         `cmd:"" default:"withargs" help:"Serve the cameras of a configuration."`
	Demo     demo          `cmd:"" help:"Start four test cameras and serve them, read over real RTSP."`
	Check    check         `cmd:"" help:"Check a configuration and print every fault with its line and column."`
	Probe    probe         `cmd:"" help:"Connect to a camera once and print what it sends."`
	Discover discover      `cmd:"" help:"Find the cameras of this network that speak ONVIF, and print what can be pasted into a configuration."`
	Hardware hardware      `cmd:"" help:"Try every plan of this machine and print which work."`
	Sign     sign          `cmd:"" help:"Print a signed link, which shows a camera to whoever has the link, until it expires."`
	Revoke   revoke        `cmd:"" help:"Revoke one signed link before it expires."`
	Keys     keys          `cmd:"" help:"List, rotate and revoke the keys of signed links."`
	Health   healthCommand `cmd:"" help:"Check that framegate on this machine answers; for health checks of containers."`
	User     user          `cmd:"" help:"Add, change, remove and list the users of a configuration."`
	Prove    prove         `cmd:"" name:"prove-plans" hidden:""`
	Version  printVersion  `cmd:"" help:"Print the version."`

	VersionFlag kong.VersionFlag `name:"version" help:"Print the version and exit."`
}

// errReported means that the command has printed its errors itself.
var errReported = errors.New("reported")

func main() {
	runtime.MemProfileRate = 0 // nothing reads the profile
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	hangUp := make(chan os.Signal, 1)
	signal.Notify(hangUp, syscall.SIGHUP) // as early as possible, because it would end the process

	var line commands
	parser := kong.Must(&line,
		kong.Name("framegate"),
		kong.Description("IP cameras as pictures that a browser shows with nothing but <img src>."),
		kong.Vars{"version": versionLine()}, defaults(),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind((<-chan os.Signal)(hangUp)),
	)
	command, err := parser.Parse(os.Args[1:])
	if err != nil {
		printStderr("framegate: " + err.Error())
		os.Exit(2)
	}
	if name, _, _ := strings.Cut(command.Command(), " "); name != "serve" && name != "demo" {
		signal.Reset(syscall.SIGHUP) // closing the terminal ends the other commands
	}
	if err := command.Run(); err != nil {
		if !errors.Is(err, errReported) {
			printStderr("framegate: " + err.Error())
		}
		os.Exit(1)
	}
}

// stderrTime is how long printStderr waits for stderr.
const stderrTime = time.Second

// printStderr writes a text to stderr, without the control characters in it, which may come from a camera or a file. If nobody reads stderr,
// it gives up after stderrTime.
func printStderr(text string) {
	written := make(chan struct{})
	go func() {
		fmt.Fprintln(terminal.NewWriter(os.Stderr), text)
		close(written)
	}()
	select {
	case <-written:
	case <-time.After(stderrTime):
	}
}

// defaults returns the variables of help texts and flags: values of package configs.
func defaults() kong.Vars {
	config := configs.Default()
	return kong.Vars{
		"searched":        "./" + strings.Join(configs.Searched, ", "),
		"listen":          strings.Join(config.Listen, ","),
		"connect_timeout": config.Defaults.ConnectTimeout.String(),
		"onvif_group":     onvif.Group,
		"link_for":        fmt.Sprintf("%gh", links.DefaultFor.Hours()),
		"transport":       string(config.Defaults.Transport),
		"transports":      fmt.Sprintf("%s,%s,%s", configs.TCP, configs.UDP, configs.Auto),
		"reader":          string(config.Defaults.Reader),
		"readers":         fmt.Sprintf("%s,%s", configs.Builtin, configs.RTSPSrc),
	}
}

type printVersion struct{}

func (printVersion) Run() error {
	fmt.Println(versionLine())
	return nil
}

func versionLine() string { return "framegate " + version }
