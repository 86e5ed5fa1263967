package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"framegate/internal/viewer"

	"golang.org/x/sys/unix"
)

// audience is a number of viewers that come and go, well-behaved and not.
type audience struct {
	address string // of framegate, host:port
	cameras []string
	checker *checker
	eyes    *eyes
	seed    uint64
	opened  counter
}

// counter counts things by name.
type counter struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *counter) add(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[name]++
}

// rendition is a picture that viewers ask for, and its size of a camera as configured.
type rendition struct {
	query string
	size  image.Point
}

var renditions = []rendition{
	{"", image.Pt(640, 360)},
	{"width=320", image.Pt(320, 180)},
	{"scale=0.5&fps=5&quality=60", image.Pt(320, 180)},
	{"width=160&fps=2", image.Pt(160, 90)},
	{"fps=key", image.Pt(640, 360)},
}

// visit is one viewer from its coming to its going.
type visit struct {
	camera string
	rendition
	stay   time.Duration
	abrupt bool
}

// manner is how a viewer behaves.
type manner struct {
	name   string
	weight int // how often it is chosen, among the weights of all
	most   time.Duration
	watch  func(*audience, context.Context, visit)
}

var manners = []manner{
	{"fast", 6, 30 * time.Second, (*audience).fast},
	{"slow", 2, 30 * time.Second, (*audience).slow},
	{"vanishing", 2, 5 * time.Second, (*audience).vanishing},
	{"half-open", 1, 30 * time.Second, (*audience).halfOpen},
}

// run seats n viewers until ctx is done. A fast one stays with each camera all the time; the others come and go.
func (a *audience) run(ctx context.Context, n int) {
	var seats sync.WaitGroup
	for i := range n {
		if i < len(a.cameras) {
			seats.Go(func() { a.stay(ctx, a.cameras[i]) })
			continue
		}
		seats.Go(func() { a.comeAndGo(ctx, rand.New(rand.NewPCG(a.seed, uint64(1000+i)))) })
	}
	seats.Wait()
}

// stay watches a camera until ctx is done.
func (a *audience) stay(ctx context.Context, camera string) {
	for ctx.Err() == nil {
		a.opened.add("fast")
		a.watch(ctx, visit{camera: camera, rendition: renditions[0]}, "faithful", viewer.Open, 0)
		sleep(ctx, time.Second) // only after it was cut off or refused
	}
}

// comeAndGo is one viewer after the other.
func (a *audience) comeAndGo(ctx context.Context, random *rand.Rand) {
	sum := 0
	for _, m := range manners {
		sum += m.weight
	}
	for ctx.Err() == nil {
		v := visit{
			camera: a.cameras[random.IntN(len(a.cameras))], rendition: renditions[random.IntN(len(renditions))],
			abrupt: random.IntN(2) == 0,
		}
		part, at := random.Float64(), random.IntN(sum)
		for _, m := range manners {
			if at -= m.weight; at < 0 {
				v.stay = time.Duration(part * float64(m.most))
				a.opened.add(m.name)
				m.watch(a, ctx, v)
				break
			}
		}
		sleep(ctx, 200*time.Millisecond)
	}
}

// fast reads all that comes.
func (a *audience) fast(ctx context.Context, v visit) {
	ctx, cancel := context.WithTimeout(ctx, v.stay)
	defer cancel()
	a.watch(ctx, v, "fast", viewer.Open, 0)
}

// slow reads a part each second over a thin line.
func (a *audience) slow(ctx context.Context, v visit) {
	ctx, cancel := context.WithTimeout(ctx, v.stay)
	defer cancel()
	a.watch(ctx, v, "slow", openThin, time.Second)
}

// opener opens a stream.
type opener func(ctx context.Context, url string) (*viewer.Stream, error)

// watch reads a stream strictly until ctx is done, and waits for pause after each part.
func (a *audience) watch(ctx context.Context, v visit, manner string, open opener, pause time.Duration) {
	who := fmt.Sprintf("a %s viewer of %q", manner, v.query)
	s := a.checker.enter(v.camera, who, v.size, pause == 0, time.Now())
	stream, err := open(ctx, "http://"+a.address+v.path())
	switch {
	case ctx.Err() != nil:
		if err == nil {
			stream.Close()
		}
		a.checker.leave(s, time.Now())
		return
	case err != nil:
		var refused *viewer.Refused
		a.checker.refuse(s, errors.As(err, &refused) && refused.Status == http.StatusServiceUnavailable, err, time.Now())
		sleep(ctx, time.Second)
		return
	}
	defer stream.Close()
	for {
		picture, err := stream.Next()
		if err != nil {
			if ctx.Err() != nil {
				a.checker.leave(s, time.Now())
			} else {
				a.checker.cut(s, err, time.Now())
			}
			return
		}
		a.checker.see(s, a.eyes.look(picture))
		if pause > 0 {
			sleep(ctx, pause)
		}
	}
}

// vanishing reads for a while, and is gone: in the middle of a part, or before the first.
func (a *audience) vanishing(ctx context.Context, v visit) {
	conn := a.ask(ctx, v)
	if conn == nil {
		return
	}
	defer conn.Close()
	conn.SetReadDeadline(time.Now().Add(v.stay))
	defer context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Now()) })()
	io.Copy(io.Discard, conn)
	if v.abrupt {
		conn.SetLinger(0) // a reset instead of a farewell
	}
}

// halfOpen asks for a stream and reads nothing of it.
func (a *audience) halfOpen(ctx context.Context, v visit) {
	conn := a.ask(ctx, v)
	if conn == nil {
		return
	}
	defer conn.Close()
	conn.SetLinger(0)
	sleep(ctx, v.stay)
}

// ask asks for a stream over a thin line and returns the connection without reading the answer; nil where framegate
// does not take it.
func (a *audience) ask(ctx context.Context, v visit) *net.TCPConn {
	conn, err := thinDialer.DialContext(ctx, "tcp", a.address)
	if err == nil {
		_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", v.path(), a.address)
	}
	if err != nil {
		if ctx.Err() == nil {
			a.checker.report(v.camera, time.Now(), "framegate takes no connection: %v", err)
		}
		return nil
	}
	return conn.(*net.TCPConn)
}

func (v visit) path() string { return "/cameras/" + v.camera + "/stream?" + v.query }

// thinDialer makes connections that hold little, so that a viewer who does not read is noticed: over loopback the
// kernels keep megabytes otherwise, more than a real network would.
var thinDialer = &net.Dialer{Control: func(_, _ string, c syscall.RawConn) (err error) {
	controlled := c.Control(func(fd uintptr) {
		err = errors.Join(
			unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 8<<10),
			unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, 1400))
	})
	return errors.Join(controlled, err)
}}

var thinClient = &http.Client{Transport: &http.Transport{DialContext: thinDialer.DialContext, DisableKeepAlives: true, DisableCompression: true}}

// openThin opens a stream over a thin line.
func openThin(ctx context.Context, url string) (*viewer.Stream, error) {
	return viewer.OpenVia(ctx, thinClient, url)
}

// sleep waits for d or until ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
