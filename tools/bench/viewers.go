package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/framegate/framegate/internal/machine"
	"github.com/framegate/framegate/internal/plot"
	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/rig"
	"github.com/framegate/framegate/internal/table"
	"github.com/framegate/framegate/internal/viewer"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// viewers measures one camera with more and more viewers.
func (b *bench) viewers(ctx context.Context) error {
	_, server, stop, err := b.serveOne(ctx)
	if err != nil {
		return err
	}
	defer stop()
	var one, baseline float64 // load of one viewer, and memory
	rates, costs := plot.Line{Name: "the slowest viewer's rate"}, plot.Line{Name: "of framegate"}
	for _, n := range []int{1, 10, 100, 500, 1000} {
		m, err := b.serveMany(ctx, server, n, "")
		if err != nil {
			return err
		}
		if n == 1 {
			one, baseline = m.load, m.memory
			b.add(table.Row{Name: "size of a picture", Value: m.frameSize / 1000, Unit: "KB"})
		}
		goal := 0.0
		if n == 1000 {
			goal = 24.5
		}
		b.add(table.Row{Name: counted(n, "viewer") + ": the slowest one's rate", Value: m.slowest, Unit: "fps", AtLeast: goal})
		rates.Points = append(rates.Points, plot.Point{X: float64(n), Y: m.slowest})
		if n < 100 { // the cost of so few is below the noise of the first viewer's load
			continue
		}
		cost := table.Row{Name: fmt.Sprintf("%d viewers: processor time per additional frame", n),
			Value: 1e6 * (m.load - one) / (m.delivered - m.slowest), Unit: "µs"}
		memory := table.Row{Name: fmt.Sprintf("%d viewers: memory per viewer", n), Value: (m.memory - baseline) / float64(n-1) / 1000, Unit: "KB"}
		if n == 500 {
			cost.AtMost = 25
		}
		if n == 1000 {
			memory.AtMost = 40
		}
		b.add(cost)
		b.add(memory)
		costs.Points = append(costs.Points, plot.Point{X: float64(n), Y: cost.Value})
		if n == 1000 {
			b.limits(int(m.frameSize))
		}
	}
	b.plots = append(b.plots,
		plot.Plot{Name: "bench-viewers-rate", Title: "Pictures each of n viewers gets of a camera of 25 fps", X: "viewers", Y: "fps", Lines: []plot.Line{rates}},
		plot.Plot{Name: "bench-viewers-cost", Title: "Processor time to deliver one picture", X: "viewers", Y: "µs", Lines: []plot.Line{costs}})
	return nil
}

// fanOutQuery requests pictures of about 24 KB of the camera of most measurements.
const fanOutQuery = "width=880&quality=80"

// many is what a number of viewers gets and costs.
type many struct {
	slowest   float64 // rate of the slowest viewer
	delivered float64 // frames a second, to all
	load      float64 // cores
	memory    float64 // bytes
	frameSize float64 // bytes of a part
}

// serveMany measures framegate while n viewers watch, with a protocol that TLS negotiates, or without TLS if that is empty.
func (b *bench) serveMany(ctx context.Context, server *process.Process, n int, protocol string) (m many, err error) {
	ctx, cancel := context.WithCancel(ctx)
	var watching errgroup.Group
	defer watching.Wait()
	defer cancel()
	counters := make([]counter, n)
	var opened sync.WaitGroup
	for i := range counters {
		opened.Add(1)
		watching.Go(func() error {
			return counters[i].watch(ctx, protocol, server.URL+"/cameras/cam1/stream?"+fanOutQuery, opened.Done)
		})
		if i%50 == 49 {
			time.Sleep(50 * time.Millisecond)
		}
	}
	opened.Wait()
	time.Sleep(2 * time.Second)
	size, err := partSize(ctx, server.URL+"/cameras/cam1/stream?"+fanOutQuery, nil)
	if err != nil {
		return m, err
	}
	before := make([]int64, n)
	began := time.Now()
	for i := range counters {
		before[i] = counters[i].bytes.Load()
	}
	if m.load, err = machine.Load(server.PID(), b.Time); err != nil {
		return m, err
	}
	took := time.Since(began).Seconds()
	m.memory, m.frameSize = machine.Memory(server.PID()), size
	rates := make([]float64, n)
	for i := range counters {
		if err := counters[i].failed(); err != nil {
			return m, err
		}
		rates[i] = float64(counters[i].bytes.Load()-before[i]) / size / took
		m.delivered += rates[i]
	}
	m.slowest = slices.Min(rates)
	return m, nil
}

// anyCertificate is a client that accepts any certificate, such as one that framegate makes itself.
var anyCertificate = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

// partSize is the mean size of a part of a stream, over a loop of the camera. headers are those of the request.
func partSize(ctx context.Context, url string, headers map[string]any) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	for name, value := range headers {
		req.Header.Set(name, fmt.Sprint(value))
	}
	resp, err := anyCertificate.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	boundary := []byte("--frame\r\n")
	var read, parts int
	var whole []byte
	for deadline := time.Now().Add(rig.Camera1080.Loop); time.Now().Before(deadline); {
		chunk := make([]byte, 64<<10)
		n, err := resp.Body.Read(chunk)
		if err != nil {
			return 0, err
		}
		whole = append(whole[max(0, len(whole)-len(boundary)+1):], chunk[:n]...)
		read += n
		parts += bytes.Count(whole, boundary)
	}
	return float64(read) / float64(parts-1), nil
}

// counted is a number of things in words.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// secured are the ways in which viewers get their streams.
var secured = []struct {
	name     string
	tls      string // the configuration's
	protocol string // of the viewers, as TLS negotiates it
	ratio    float64
}{
	{"http", "", "", 0},
	{"https with HTTP/1.1", "tls: self_signed", "http/1.1", 2},
	{"https with HTTP/2", "tls: self_signed", "h2", 0},
}

// secureViewers is how many viewers are compared.
const secureViewers = 1000

// tls compares what many viewers cost with TLS and without.
func (b *bench) tls(ctx context.Context) error {
	cameras, stop, err := startCameras(ctx, rig.Camera1080)
	if err != nil {
		return err
	}
	defer stop()
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	costs := map[string]float64{}
	for _, way := range secured {
		server, err := rig.ServeWith(ctx, b.Framegate, anyViewers+"\n"+way.tls, []string{"STATE_DIRECTORY=" + dir}, rig.Camera{ID: rig.CameraID(0), URL: cameras.URL("cam1")})
		if err != nil {
			return err
		}
		one, err := b.serveMany(ctx, server, 1, way.protocol)
		var m many
		if err == nil {
			m, err = b.serveMany(ctx, server, secureViewers, way.protocol)
		}
		server.Stop()
		if err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
		costs[way.name] = 1e6 * (m.load - one.load) / (m.delivered - m.slowest)
		who := fmt.Sprintf("%s, %s", way.name, counted(secureViewers, "viewer"))
		b.add(table.Row{Name: who + ": the slowest one's rate", Value: m.slowest, Unit: "fps", AtLeast: 24})
		b.add(table.Row{Name: who + ": processor time per additional frame", Value: costs[way.name], Unit: "µs"})
		b.add(table.Row{Name: who + ": memory per viewer", Value: (m.memory - one.memory) / (secureViewers - 1) / 1000, Unit: "KB"})
		if way.tls != "" {
			b.add(table.Row{Name: way.name + " to http, processor time per frame", Value: costs[way.name] / costs[secured[0].name], Unit: "times", AtMost: way.ratio})
		}
	}
	return nil
}

// slowViewers get fewer pictures than the camera sends: about 600 KB come each second.
var slowViewers = []struct {
	name  string
	line  int           // bytes a second that reach the viewer; 0 for any number
	pause time.Duration // after each picture
}{
	{"a line of 200 KB/s", 200e3, 0},
	{"a program that pauses for 100 ms after each picture", 0, 100 * time.Millisecond},
}

// slow measures how old the pictures are that slow viewers read.
func (b *bench) slow(ctx context.Context) error {
	cameras, stop, err := startCameras(ctx, rig.Camera1080)
	if err != nil {
		return err
	}
	defer stop()
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, way := range secured {
		server, err := rig.ServeWith(ctx, b.Framegate, way.tls, []string{"STATE_DIRECTORY=" + dir}, rig.Camera{ID: rig.CameraID(0), URL: cameras.URL("cam1")})
		if err != nil {
			return err
		}
		for _, v := range slowViewers {
			ages, err := b.ages(ctx, server, way.protocol, v.line, v.pause)
			if err != nil {
				server.Stop()
				return fmt.Errorf("%s, %s: %w", way.name, v.name, err)
			}
			who := way.name + ", " + v.name
			b.add(table.Row{Name: who + ": pictures", Value: float64(len(ages)) / b.Time.Seconds(), Unit: "fps"})
			b.add(table.Row{Name: who + ": age of the oldest picture", Value: table.Quantile(ages, 1), Unit: "ms", AtMost: 1000})
		}
		server.Stop()
	}
	return nil
}

// ages returns how old each picture is when a slow viewer has read it, in ms since framegate has got it.
func (b *bench) ages(ctx context.Context, server *process.Process, protocol string, line int, pause time.Duration) (ages []float64, err error) {
	transport := slowTransport(line)
	transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}}
	transport.ForceAttemptHTTP2 = protocol == "h2"
	defer transport.CloseIdleConnections()
	if pause > 0 {
		transport.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 64 << 10} // as docs/http.md asks for
	}
	s, err := viewer.OpenVia(ctx, &http.Client{Transport: transport}, server.URL+"/cameras/cam1/stream?"+fanOutQuery)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	begin := time.Now().Add(2 * time.Second) // by then all buffers are full
	for time.Since(begin) < b.Time {
		picture, err := s.Next()
		if err != nil {
			return nil, err
		}
		if picture.Read.After(begin) {
			ages = append(ages, millis(picture.Read.Sub(picture.Received)))
		}
		time.Sleep(pause)
	}
	return ages, nil
}

// slowTransport makes connections over a line of this many bytes a second, or any number if it is 0.
func slowTransport(line int) *http.Transport {
	dialer := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, slowBuffer) })
	}}
	return &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		return &slowLine{Conn: conn, rate: line}, err
	}}
}

// slowBuffer is how much the kernel of a slow viewer may keep unread, in bytes. Linux doubles it.
const slowBuffer = 16 << 10

// slowLine is a connection from which a number of bytes a second is read.
type slowLine struct {
	net.Conn
	rate int       // 0 for any
	free time.Time // when more may be read
}

func (l *slowLine) Read(p []byte) (int, error) {
	if l.rate == 0 {
		return l.Conn.Read(p)
	}
	time.Sleep(time.Until(l.free))
	n, err := l.Conn.Read(p[:min(len(p), 4096)])
	if now := time.Now(); l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(n) * time.Second / time.Duration(l.rate))
	return n, err
}
