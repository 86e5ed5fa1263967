package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"framegate/internal/machine"
	"framegate/internal/plot"
	"framegate/internal/process"
	"framegate/internal/rig"
	"framegate/internal/table"
	"framegate/internal/testcam"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// fanOutQuery asks for pictures of about 24 KB of the camera of most measurements.
const fanOutQuery = "width=880&quality=80"

// viewers serves more and more viewers of one camera.
func (b *bench) viewers(ctx context.Context) error {
	_, server, stop, err := b.serveOne(ctx)
	if err != nil {
		return err
	}
	defer stop()
	var one, baseline float64 // load of one viewer, and memory
	rates, costs := plot.Line{Name: "the slowest viewer's rate"}, plot.Line{Name: "of framegate"}
	for _, n := range []int{1, 10, 100, 500, 1000} {
		m, err := b.serveMany(ctx, server, n)
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
		if n < 100 { // what so few cost is less than the first viewer's load varies
			continue
		}
		cost := table.Row{Name: fmt.Sprintf("%d viewers: processor per frame delivered, beyond the first viewer's", n),
			Value: 1e6 * (m.load - one) / (m.delivered - m.slowest), Unit: "µs"}
		memory := table.Row{Name: fmt.Sprintf("%d viewers: memory each", n), Value: (m.memory - baseline) / float64(n-1) / 1000, Unit: "KB"}
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

// many is what a number of viewers got and cost.
type many struct {
	slowest   float64 // rate of the slowest viewer
	delivered float64 // frames a second, to all
	load      float64 // cores
	memory    float64 // bytes
	frameSize float64 // bytes of a part
}

// serveMany lets n viewers watch for some time.
func (b *bench) serveMany(ctx context.Context, server *process.Process, n int) (m many, err error) {
	ctx, cancel := context.WithCancel(ctx)
	var watching errgroup.Group
	defer watching.Wait()
	defer cancel()
	counters := make([]counter, n)
	var opened sync.WaitGroup
	for i := range counters {
		opened.Add(1)
		watching.Go(func() error {
			return counters[i].watch(ctx, server.URL+"/cameras/cam1/stream?"+fanOutQuery, opened.Done)
		})
		if i%50 == 49 {
			time.Sleep(50 * time.Millisecond)
		}
	}
	opened.Wait()
	time.Sleep(2 * time.Second)
	size, err := partSize(ctx, server.URL+"/cameras/cam1/stream?"+fanOutQuery)
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

// counter is a viewer that counts what it gets and costs the machine as little as it can: the kernel throws the
// bytes away.
type counter struct {
	bytes atomic.Int64
	err   atomic.Pointer[error]
}

func (c *counter) failed() error {
	if err := c.err.Load(); err != nil {
		return *err
	}
	return nil
}

// watch reads a stream until ctx is done. It calls opened when the answer has begun.
func (c *counter) watch(ctx context.Context, address string, opened func()) error {
	once := sync.OnceFunc(opened)
	defer once()
	err := c.read(ctx, address, once)
	if ctx.Err() == nil {
		c.err.Store(&err)
	}
	return nil
}

func (c *counter) read(ctx context.Context, address string, opened func()) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", u.RequestURI(), u.Host); err != nil {
		return err
	}
	head := make([]byte, 512)
	n, err := conn.Read(head)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(head[:n], []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("a viewer is answered %.100q", head[:n])
	}
	opened()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return err
	}
	for {
		var got int
		var fault error
		if err := raw.Read(func(fd uintptr) bool {
			got, _, fault = unix.Recvfrom(int(fd), discard, unix.MSG_TRUNC|unix.MSG_DONTWAIT) // TCP throws the bytes away (tcp(7))
			return fault != unix.EAGAIN
		}); err != nil {
			return err
		}
		if fault != nil {
			return fault
		}
		if got == 0 {
			return io.ErrUnexpectedEOF
		}
		c.bytes.Add(int64(got))
	}
}

// discard says how much to throw away at a time. Nothing is written to it.
var discard = make([]byte, 256<<10)

// partSize is the mean size of a part of a stream, over a loop of the camera.
func partSize(ctx context.Context, url string) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
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

// limits shows what the machine takes for a frame of a size, whoever serves it: to copy it in memory, and to
// write it to a loopback connection whose other end throws it away.
func (b *bench) limits(size int) {
	const rounds, frames = 20000, 4096 // more than a cache holds
	from, to := make([]byte, frames*size), make([]byte, size)
	for i := range from {
		from[i] = byte(i)
	}
	began := time.Now()
	for i := range rounds {
		copy(to, from[i%frames*size:][:size])
	}
	b.add(table.Row{Name: "to copy such a frame in memory", Value: 1e6 * time.Since(began).Seconds() / rounds, Unit: "µs"})
	written, err := loopbackWrite(to, rounds)
	if err != nil {
		b.add(table.Row{Name: "to write it to a loopback connection", Missing: err.Error()})
		return
	}
	b.add(table.Row{Name: "to write it to a loopback connection", Value: 1e6 * written, Unit: "µs"})
}

// loopbackWrite is the processor time of one write, in seconds.
func loopbackWrite(frame []byte, rounds int) (float64, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err == nil {
			io.Copy(io.Discard, conn)
		}
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return 0, err
	}
	var spent time.Duration
	runtime.LockOSThread() // whose processor time is read
	defer runtime.UnlockOSThread()
	err = raw.Control(func(fd uintptr) {
		var before, after unix.Timespec
		for range rounds {
			unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &before)
			for left := frame; len(left) > 0; {
				n, err := unix.Write(int(fd), left)
				if err == unix.EAGAIN {
					time.Sleep(100 * time.Microsecond)
					continue
				}
				left = left[max(n, 0):]
			}
			unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &after)
			spent += time.Duration(after.Nano() - before.Nano())
		}
	})
	return spent.Seconds() / float64(rounds), err
}

// cameras connects more and more cameras, and watches more and more of them.
func (b *bench) cameras(ctx context.Context) error {
	const most = 64
	list := make([]testcam.Camera, most)
	for i := range list {
		list[i] = rig.Camera1080
		list[i].Shared = true
	}
	cameras, stop, err := startCameras(ctx, list...)
	if err != nil {
		return err
	}
	defer stop()
	var urls []string
	for i := range list {
		urls = append(urls, cameras.URL(rig.CameraID(i)))
	}
	idle := plot.Line{Name: "connected, nobody watches"}
	for _, n := range []int{1, 4, 16, most} {
		server, err := b.startServer(ctx, "", urls[:n]...)
		if err != nil {
			return err
		}
		load, err := machine.Load(server.PID(), b.Time)
		used := machine.Memory(server.PID())
		server.Stop()
		if err != nil {
			return err
		}
		goal := 0.0
		if n == most {
			goal = 100
		}
		b.add(table.Row{Name: counted(n, "camera") + " that nobody watches", Value: 100 * load, Unit: ofACore, AtMost: goal})
		if n == most {
			b.add(table.Row{Name: counted(n, "camera") + " that nobody watches: memory", Value: used / 1e6, Unit: "MB"})
		}
		idle.Points = append(idle.Points, plot.Point{X: float64(n), Y: 100 * load})
	}
	live, err := b.liveCameras(ctx, urls)
	if err != nil {
		return err
	}
	b.plots = append(b.plots, plot.Plot{Name: "bench-cameras", Title: "Cameras of 1920x1080 at 25 fps", X: "cameras", Y: ofACore, Lines: []plot.Line{idle, live}})
	return nil
}

// liveCameras watches more and more cameras until the pictures come too slowly.
func (b *bench) liveCameras(ctx context.Context, urls []string) (plot.Line, error) {
	live := plot.Line{Name: "one viewer each"}
	for n := 1; n <= len(urls); n *= 2 {
		server, err := b.startServer(ctx, "", urls[:n]...)
		if err != nil {
			return live, err
		}
		rates := make([]float64, n)
		var watching errgroup.Group
		for i := range n {
			watching.Go(func() (err error) {
				rates[i], err = rig.Rate(ctx, server.URL+"/cameras/"+rig.CameraID(i)+"/stream", b.Time)
				return err
			})
		}
		load, err := machine.Load(server.PID(), b.Time)
		watched := watching.Wait()
		server.Stop()
		if err != nil || watched != nil {
			return live, fmt.Errorf("%d cameras: %v %v", n, err, watched)
		}
		if slowest := slices.Min(rates); slowest < 24.5 {
			b.add(table.Row{Name: counted(n, "camera") + " watched at once are too many: the slowest one's rate", Value: slowest, Unit: "fps"})
			return live, nil
		}
		b.add(table.Row{Name: counted(n, "camera") + " watched at once", Value: 100 * load, Unit: ofACore})
		live.Points = append(live.Points, plot.Point{X: float64(n), Y: 100 * load})
	}
	return live, nil
}

// counted is a number of things in words.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
