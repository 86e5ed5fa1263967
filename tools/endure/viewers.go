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

	"github.com/framegate/framegate/internal/viewer"
	"github.com/framegate/framegate/tools/endure/check"

	"golang.org/x/sys/unix"
)

// viewers come and go, well-behaved and not.
type viewers struct {
	address string // of framegate, host:port
	cameras []string
	checker *check.Checker
	marks   *markReader
	seed    uint64
	opened  counter // by behaviour
	// contested says that hostile clients take places: a viewer of another rendition than the default may then be refused with 429.
	contested bool
}

// limitedName is how viewers are counted that were refused because hostile clients have taken the places.
const limitedName = "refused by a limit"

// rendition is a picture that viewers request, and its size while the camera is as configured.
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

// visit is one viewer from start to end.
type visit struct {
	camera string
	rendition
	stay   time.Duration
	abrupt bool
}

// behaviour is how a viewer behaves.
type behaviour struct {
	name   string
	weight int // how often it is chosen, among the weights of all
	most   time.Duration
	watch  func(*viewers, context.Context, visit)
}

var behaviours = []behaviour{
	{"fast", 6, 30 * time.Second, (*viewers).fast},
	{"slow", 2, 30 * time.Second, (*viewers).slow},
	{"vanishing", 2, 5 * time.Second, (*viewers).vanishing},
	{"half-open", 1, 30 * time.Second, (*viewers).halfOpen},
	{"polling", 2, 30 * time.Second, (*viewers).polling},
	{"polling pixels", 1, 30 * time.Second, (*viewers).pollingRaw},
}

// run keeps n viewers until ctx is done. A fast one stays with each camera all the time; the others come and go.
func (vs *viewers) run(ctx context.Context, n int) {
	var watching sync.WaitGroup
	for i := range n {
		if i < len(vs.cameras) {
			watching.Go(func() { vs.stay(ctx, vs.cameras[i]) })
			continue
		}
		watching.Go(func() { vs.comeAndGo(ctx, rand.New(rand.NewPCG(vs.seed, uint64(1000+i)))) })
	}
	watching.Wait()
}

// stay watches a camera until ctx is done.
func (vs *viewers) stay(ctx context.Context, camera string) {
	for ctx.Err() == nil {
		vs.opened.add("fast")
		vs.watch(ctx, visit{camera: camera, rendition: renditions[0]}, "permanent", viewer.Open, 0)
		sleep(ctx, time.Second) // it was cut off or refused
	}
}

// comeAndGo is one viewer after another.
func (vs *viewers) comeAndGo(ctx context.Context, random *rand.Rand) {
	sum := 0
	for _, b := range behaviours {
		sum += b.weight
	}
	for ctx.Err() == nil {
		v := visit{
			camera: vs.cameras[random.IntN(len(vs.cameras))], rendition: renditions[random.IntN(len(renditions))],
			abrupt: random.IntN(2) == 0,
		}
		part, at := random.Float64(), random.IntN(sum)
		for _, b := range behaviours {
			if at -= b.weight; at < 0 {
				v.stay = time.Duration(part * float64(b.most))
				vs.opened.add(b.name)
				b.watch(vs, ctx, v)
				break
			}
		}
		sleep(ctx, 200*time.Millisecond)
	}
}

// fast reads all that comes.
func (vs *viewers) fast(ctx context.Context, v visit) {
	ctx, cancel := context.WithTimeout(ctx, v.stay)
	defer cancel()
	vs.watch(ctx, v, "fast", viewer.Open, 0)
}

// slow reads a part each second, over a connection that holds little.
func (vs *viewers) slow(ctx context.Context, v visit) {
	ctx, cancel := context.WithTimeout(ctx, v.stay)
	defer cancel()
	vs.watch(ctx, v, "slow", openSmall, time.Second)
}

// opener opens a stream.
type opener func(ctx context.Context, url string) (*viewer.Stream, error)

// watch reads a stream until ctx is done, reports all to the checker, and waits for pause after each part.
func (vs *viewers) watch(ctx context.Context, v visit, kind string, open opener, pause time.Duration) {
	who := fmt.Sprintf("a %s viewer of %q", kind, v.query)
	s := vs.checker.AddViewer(check.Visit{Camera: v.camera, Who: who, Size: v.size, Eager: pause == 0, Opened: time.Now()})
	stream, err := open(ctx, "http://"+vs.address+v.path())
	switch {
	case ctx.Err() != nil:
		if err == nil {
			stream.Close()
		}
		vs.checker.ViewerLeft(s, time.Now())
		return
	case err != nil:
		var refused *viewer.Refused
		if vs.contested && v.query != "" && errors.As(err, &refused) && refused.Status == http.StatusTooManyRequests {
			vs.opened.add(limitedName)
			vs.checker.ViewerLeft(s, time.Now())
			sleep(ctx, time.Second)
			return
		}
		vs.checker.ViewerRefused(s, errors.As(err, &refused) && refused.Status == http.StatusServiceUnavailable, err, time.Now())
		sleep(ctx, time.Second)
		return
	}
	defer stream.Close()
	for {
		picture, err := stream.Next()
		if err != nil {
			if ctx.Err() != nil {
				vs.checker.ViewerLeft(s, time.Now())
			} else {
				vs.checker.ViewerCutOff(s, err, time.Now())
			}
			return
		}
		vs.checker.CheckPart(s, vs.marks.read(picture))
		if pause > 0 {
			sleep(ctx, pause)
		}
	}
}

// vanishing reads for a while and closes the connection, in the middle of a part or before the first.
func (vs *viewers) vanishing(ctx context.Context, v visit) {
	conn := vs.request(ctx, v)
	if conn == nil {
		return
	}
	defer conn.Close()
	conn.SetReadDeadline(time.Now().Add(v.stay))
	defer context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Now()) })()
	io.Copy(io.Discard, conn)
	if v.abrupt {
		conn.SetLinger(0) // which sends a reset
	}
}

// halfOpen requests a stream and reads nothing of it.
func (vs *viewers) halfOpen(ctx context.Context, v visit) {
	conn := vs.request(ctx, v)
	if conn == nil {
		return
	}
	defer conn.Close()
	conn.SetLinger(0)
	sleep(ctx, v.stay)
}

// request requests a stream over a connection that holds little, and returns that without reading the answer. It is nil if
// framegate does not accept it.
func (vs *viewers) request(ctx context.Context, v visit) *net.TCPConn {
	conn, err := smallDialer.DialContext(ctx, "tcp", vs.address)
	if err == nil {
		_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", v.path(), vs.address)
	}
	if err != nil {
		if ctx.Err() == nil {
			vs.checker.Report(v.camera, time.Now(), "framegate accepts no connection: %v", err)
		}
		return nil
	}
	return conn.(*net.TCPConn)
}

func (v visit) path() string { return "/cameras/" + v.camera + "/stream?" + v.query }

// smallDialer makes connections that hold little, so that framegate notices a viewer that does not read: over loopback the
// kernel would buffer megabytes, more than a real network does.
var smallDialer = &net.Dialer{Control: func(_, _ string, c syscall.RawConn) (err error) {
	controlled := c.Control(func(fd uintptr) {
		err = errors.Join(
			unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 8<<10),
			unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, 1400))
	})
	return errors.Join(controlled, err)
}}

var smallClient = &http.Client{Transport: &http.Transport{DialContext: smallDialer.DialContext, DisableKeepAlives: true, DisableCompression: true}}

// openSmall opens a stream over a connection that holds little.
func openSmall(ctx context.Context, url string) (*viewer.Stream, error) {
	return viewer.OpenVia(ctx, smallClient, url)
}

// counter counts things by name.
type counter struct {
	mu     sync.Mutex // guards counts
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

// sleep waits for d or until ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
