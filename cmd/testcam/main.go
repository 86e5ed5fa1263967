// Command testcam serves real RTSP cameras that misbehave on command.
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/framegate/framegate/internal/testcam"

	"github.com/alecthomas/kong"
)

type options struct {
	Cameras   int           `default:"1" short:"n" help:"Number of cameras: /cam1 to /camN."`
	Codec     testcam.Codec `default:"h264" enum:"h264,h265,mjpeg,mpeg4,vp8,vp9,av1" help:"One of ${enum}."`
	Width     int           `default:"1280" help:"Pixels, even. For MJPEG a multiple of 8, at most 2040."`
	Height    int           `default:"720" help:"Pixels, even. For MJPEG a multiple of 8, at most 2040."`
	FPS       int           `default:"25" help:"Pictures per second."`
	Gop       int           `help:"Frames from keyframe to keyframe. Without it: one second."`
	Bitrate   int           `help:"kbit/s. Without it: 4000 for 1920x1080, and by area for other sizes. MJPEG has a fixed quality instead."`
	Bframes   int           `help:"B-frames between two other frames, for H.264."`
	Grain     int           `help:"Noise of each pixel, up to this many levels. It makes the encoder use its bitrate, as for a real scene."`
	Loop      time.Duration `default:"4s" help:"Length of the loop, rounded up to whole GOPs. Frame numbers begin again with each loop."`
	Shared    bool          `help:"Encode once for all cameras: they start sooner, and all show the number 0."`
	User      string        `help:"User that the cameras require, by Basic or Digest."`
	Password  string        `env:"TESTCAM_PASSWORD" help:"Password that the cameras require."`
	Audio     bool          `xor:"sound" help:"Also send a track of silence, in G.711."`
	AudioOnly bool          `xor:"sound" help:"Send only a track of silence."`
	UDPLoss   float64       `placeholder:"FRACTION" help:"Fraction of the packets to lose over UDP, from 0 to 1."`
	UDPJitter time.Duration `placeholder:"TIME" help:"Longest delay of packets over UDP. Each is late by a random time up to this."`
	Listen    string        `default:"127.0.0.1:8554" help:"TCP address to serve RTSP on; UDP uses a free pair of ports. Port 0 lets the system choose one."`
	Control   string        `default:"127.0.0.1:8555" help:"Address of the control port."`
	TLSCert   string        `and:"tls" type:"existingfile" help:"PEM certificate; with it the cameras serve rtsps."`
	TLSKey    string        `and:"tls" type:"existingfile" help:"PEM key of the certificate."`
	Verbose   bool          `short:"v" help:"Log connections."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	parser := kong.Must(&o, kong.Name("testcam"),
		kong.Description("Real RTSP cameras that misbehave on command.\n\n"+testcam.Help()))
	if _, err := parser.Parse(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "testcam: %v\n", err)
		os.Exit(2)
	}
	if err := o.run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "testcam: %v\n", err)
		os.Exit(1)
	}
}

func (o options) run(ctx context.Context) error {
	config, err := o.config()
	if err != nil {
		return err
	}
	server, err := testcam.New(ctx, config)
	if err != nil {
		return err
	}
	for _, name := range server.Names() {
		fmt.Println(server.URL(name))
	}
	fmt.Println("control:", server.ControlURL())
	return server.Run(ctx)
}

func (o options) config() (testcam.Config, error) {
	level := slog.LevelInfo
	if o.Verbose {
		level = slog.LevelDebug
	}
	if o.Cameras < 1 {
		return testcam.Config{}, fmt.Errorf("--cameras is %d; it must be at least 1", o.Cameras)
	}
	config := testcam.Config{
		Listen: o.Listen, Control: o.Control, Network: testcam.Network{Loss: o.UDPLoss, Jitter: o.UDPJitter},
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
	}
	if o.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(o.TLSCert, o.TLSKey)
		if err != nil {
			return config, err
		}
		config.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	}
	for range o.Cameras {
		config.Cameras = append(config.Cameras, testcam.Camera{
			Codec: o.Codec, Width: o.Width, Height: o.Height, FPS: o.FPS, KeyframeInterval: o.Gop,
			Bitrate: o.Bitrate, BFrames: o.Bframes, Grain: o.Grain, Loop: o.Loop, Shared: o.Shared,
			Username: o.User, Password: o.Password, Audio: o.Audio, AudioOnly: o.AudioOnly,
		})
	}
	return config, nil
}
