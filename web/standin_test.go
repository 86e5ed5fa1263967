package web

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/configs/edit"
	"github.com/framegate/framegate/internal/onvif"
	passwords "github.com/framegate/framegate/pipeline/challenge"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry"
	"github.com/framegate/framegate/web/auth/firstrun"
)

// standin is an engine without GStreamer. Its cameras send grey pictures that grow brighter.
type standin struct{}

type standinFeed struct {
	away  bool // it cannot be reached
	still bool // it sends one picture only
	calm  bool // it sends ten pictures of noise a second, so that a busy machine misses none and each is larger than the kernel's queue
	large bool // its pictures are of noise, each larger than the kernel's queue
	total int  // what its counters say
}

func (standin) NewFeed(src configs.Source, _ *passwords.Accounts) (registry.Feed, error) {
	total, _ := strconv.Atoi(src.URL.Query().Get("total"))
	return &standinFeed{away: src.URL.Path == "/away", still: src.URL.Path == "/still", calm: src.URL.Path == "/calm", large: src.URL.Path == "/large", total: total}, nil
}

var stream = frame.Stream{Codec: "h264", Width: 320, Height: 180, FPS: 100}

func (f *standinFeed) OnWaiting(func(frame.Waiting)) {}

func (f *standinFeed) Run(ctx context.Context, onStream func(frame.Stream)) error {
	if f.away {
		return &frame.CameraError{Reason: frame.Unreachable, Text: "connect to h:554: connection refused"}
	}
	onStream(stream)
	<-ctx.Done()
	return context.Cause(ctx)
}

func (f *standinFeed) Stream() frame.Stream { return stream }
func (f *standinFeed) Broken() uint64       { return uint64(f.total) }
func (f *standinFeed) LastUnit() time.Time  { return time.Time{} }
func (f *standinFeed) Plan() string         { return "" }

func (f *standinFeed) PlanChange() <-chan struct{} { return nil }

func (f *standinFeed) HeldBytes() int64 { return 32 << 20 }

func (f *standinFeed) Free() {}

func (f *standinFeed) FailedPlans() []frame.FailedPlan {
	return []frame.FailedPlan{{Plan: "nvidia", Codec: "h264", Reason: "no picture", Times: 2 + f.total}}
}

type standinPicture struct {
	outputs  []frame.Output
	still    bool
	calm     bool
	large    bool
	caughtUp chan struct{}
}

func (f *standinFeed) NewPicture(outputs []frame.Output) registry.Picture {
	return &standinPicture{outputs, f.still, f.calm, f.large, make(chan struct{})}
}

var epoch = time.Now()

func (p *standinPicture) Run(ctx context.Context) error {
	period := 5 * time.Millisecond
	if p.calm {
		period = 100 * time.Millisecond
	}
	tick := time.NewTicker(period)
	defer tick.Stop()
	for n := 0; ; n++ {
		for _, out := range p.outputs {
			picture := image.NewGray(image.Rect(0, 0, out.Rendition.Width, out.Rendition.Height))
			picture.SetGray(0, 0, color.Gray{Y: byte(n)})
			if p.calm || p.large {
				for i := range picture.Pix {
					picture.Pix[i] = byte(rand.Int())
				}
			}
			var file bytes.Buffer
			if out.Rendition.Format.Raw() {
				bytes := out.Rendition.Height * out.Rendition.Format.Stride(out.Rendition.Width)
				if out.Rendition.Format == frame.I420 {
					bytes += bytes / 2
				}
				file.Write(make([]byte, bytes))
			} else {
				jpeg.Encode(&file, picture, nil)
			}
			out.Slot.Publish(frame.New(file.Bytes(), frame.Info{PTS: time.Since(epoch), Received: time.Now(), Width: out.Rendition.Width, Height: out.Rendition.Height, Format: out.Rendition.Format}))
		}
		if n == 0 {
			close(p.caughtUp)
		}
		if p.still {
			<-ctx.Done()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p *standinPicture) CaughtUp() <-chan struct{} { return p.caughtUp }
func (p *standinPicture) Plan() frame.Plan {
	return frame.Plan{Name: "standin", Warnings: []string{"a warning"}}
}

// probeStandin finds a picture, unless the path is /away, and waits for the end of the request if it is /slow. What it finds is what it got.
func probeStandin(ctx context.Context, src configs.Source) (any, []byte, error) {
	switch src.URL.Path {
	case "/away":
		return nil, nil, &frame.CameraError{Reason: frame.Unauthorized, Text: "401 from h:554"}
	case "/slow":
		<-ctx.Done()
		return nil, nil, ctx.Err()
	}
	return map[string]string{"codec": "h264", "url": src.String(), "password": src.Password.Reveal()}, []byte("JPEG"), nil
}

// serve serves three cameras until the test ends: gate, away, which cannot be reached, and off, which is disabled.
func serve(t testing.TB) string {
	t.Helper()
	config, err := configs.Parse("test.yaml", []byte(`
cors_origins: ["https://wall.example"]
cameras:
  - {id: gate, name: "Front <gate>", url: 'rtsp://h/gate', idle_timeout: 100ms}
  - {id: away, url: 'rtsp://h/away'}
  - {id: "off", url: 'rtsp://h/off', disabled: true}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	return serveConfig(t, config, nil)
}

// serveConfig serves a configuration until the test ends, and applies changes of its file if it has one.
func serveConfig(t testing.TB, config *configs.Config, file *edit.File) string {
	t.Helper()
	return serveBy(t, config, file, time.Now)
}

// serveBy does that with a clock for quality=auto and max_kbps.
func serveBy(t testing.TB, config *configs.Config, file *edit.File, now func() time.Time) string {
	t.Helper()
	handler, stop := newHandler(t, config, file, now)
	url := listenWith(t, handler)
	t.Cleanup(stop) // before the server is closed, which waits for streams
	return url
}

// listenWith serves with a handler until the test ends.
func listenWith(t testing.TB, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if from := r.Header.Get("Test-From"); from != "" { // as if the client were elsewhere
			r.RemoteAddr = from
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// newHandler returns the handler of a configuration. stop ends its cameras.
func newHandler(t testing.TB, config *configs.Config, file *edit.File, now func() time.Time) (handler *Handler, stop func()) {
	t.Helper()
	return newHandlerOf(t, config, file, now, nil)
}

// newHandlerOf is newHandler for a framegate that may not be set up yet.
func newHandlerOf(t testing.TB, config *configs.Config, file *edit.File, now func() time.Time, first *firstrun.Setup) (handler *Handler, stop func()) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	cameras, err := registry.New(config, standin{}, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		cameras.Run(ctx)
		close(done)
	}()
	handler = New(Options{
		Cameras: cameras, Hardware: func(context.Context) any { return map[string]string{"gstreamer": "1.22.0"} },
		Probe: probeStandin, Discover: func(context.Context) ([]onvif.Device, error) {
			return []onvif.Device{{Host: "192.0.2.9", Vendor: "axis"}}, nil
		},
		Streams: func(_ context.Context, camera onvif.Client) ([]onvif.Stream, error) {
			if camera.Password != "right" {
				return nil, onvif.ErrUnauthorized
			}
			return []onvif.Stream{{URL: "rtsp://192.0.2.9/1", Width: 640}}, nil
		},
		Abandoned: func() int { return 3 }, Living: func() int { return 5 }, DroppedLines: func() int { return 7 },
		MaxMemory: func() int64 { return 1 << 30 }, Refused: func() map[string]int { return map[string]int{"max_connections": 9} },
		Configuration: func() Configuration { return Configuration{File: "test.yaml"} },
		File:          file, FirstRun: first, Version: "test", Log: log,
	})
	handler.server.now = now
	handler.Configure(config)
	if file != nil {
		file.Apply = func(config *configs.Config) error {
			_, err := cameras.Apply(config)
			handler.Configure(config)
			return err
		}
	}
	return handler, func() {
		cancel()
		<-done
	}
}

// get returns the answer to a GET request, and its body.
func get(t testing.TB, url string) (*http.Response, []byte) {
	t.Helper()
	client := http.Client{Timeout: 15 * time.Second} // a stream has no end
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}
