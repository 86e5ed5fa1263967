// Package hostile is a camera that somebody else controls. Over RTSP and HTTP it sends what costs its reader memory, time or trust,
// one kind after another.
package hostile

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/framegate/framegate/internal/testcam/loop"
)

// Camera is a hostile camera. Its methods may be called from any goroutine.
type Camera struct {
	elsewhere string // host and port to which it redirects
	units     [][]byte
	rtsp      net.Listener
	http      net.Listener
	serving   sync.WaitGroup

	mu      sync.Mutex // guards what follows
	kinds   map[net.Listener]*Kind
	clients map[net.Conn]net.Listener
	closed  bool
}

// Kind is a way to be hostile.
type Kind struct {
	Name  string
	serve func(*client) // until a write or a read fails
}

// Kinds returns the kinds of a scheme, rtsp or http.
func Kinds(scheme string) []*Kind {
	if scheme == "rtsp" {
		return overRTSP
	}
	return overHTTP
}

// New starts a camera on an address of this machine, such as 127.0.0.66, which redirects to elsewhere. Close must follow.
func New(ctx context.Context, address, elsewhere string) (*Camera, error) {
	var library loop.Library
	video, err := library.Get(ctx, loop.Spec{Codec: loop.H264, Width: 320, Height: 240, FPS: 10, Interval: 10, Length: 10, Bitrate: 200})
	if err != nil {
		return nil, err
	}
	c := &Camera{elsewhere: elsewhere, clients: map[net.Conn]net.Listener{}}
	for _, f := range video.Frames {
		c.units = append(c.units, f.Unit)
	}
	for _, l := range []*net.Listener{&c.rtsp, &c.http} {
		if *l, err = net.Listen("tcp", address+":0"); err != nil {
			c.Close()
			return nil, err
		}
	}
	c.kinds = map[net.Listener]*Kind{c.rtsp: overRTSP[0], c.http: overHTTP[0]}
	for l := range c.kinds {
		c.serving.Go(func() { c.accept(l) })
	}
	return c, nil
}

// URL is where the camera is over a scheme, rtsp or http.
func (c *Camera) URL(scheme string) string {
	return fmt.Sprintf("%s://%s/camera", scheme, c.listener(scheme).Addr())
}

func (c *Camera) listener(scheme string) net.Listener {
	if scheme == "rtsp" {
		return c.rtsp
	}
	return c.http
}

// Become makes the camera hostile in another way over a scheme. It closes the connections that it has.
func (c *Camera) Become(scheme string, kind *Kind) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.listener(scheme)
	c.kinds[l] = kind
	for conn, of := range c.clients {
		if of == l {
			conn.Close()
		}
	}
}

// Close ends all connections and waits until they have ended.
func (c *Camera) Close() {
	c.mu.Lock()
	c.closed = true
	for conn := range c.clients {
		conn.Close()
	}
	c.mu.Unlock()
	for _, l := range []net.Listener{c.rtsp, c.http} {
		if l != nil {
			l.Close()
		}
	}
	c.serving.Wait()
}

func (c *Camera) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		c.mu.Lock()
		kind := c.kinds[l]
		if c.closed {
			conn.Close()
		}
		c.clients[conn] = l
		c.mu.Unlock()
		c.serving.Go(func() {
			defer func() {
				conn.Close()
				c.mu.Lock()
				delete(c.clients, conn)
				c.mu.Unlock()
			}()
			kind.serve(newClient(c, conn))
		})
	}
}

// bytesPerSecond is how much a connection sends at most: as much as a camera's port of 100 Mbit/s.
const bytesPerSecond = 12 << 20

// paced is a connection that sends at most bytesPerSecond.
type paced struct {
	net.Conn
	began time.Time
	sent  int
}

// Write implements io.Writer.
func (p *paced) Write(data []byte) (written int, err error) {
	const portion = 64 << 10
	if p.began.IsZero() {
		p.began = time.Now()
	}
	for len(data) > 0 {
		n, err := p.Conn.Write(data[:min(portion, len(data))])
		written += n
		if err != nil {
			return written, err
		}
		data = data[n:]
		p.sent += n
		time.Sleep(time.Duration(p.sent)*time.Second/bytesPerSecond - time.Since(p.began))
	}
	return written, nil
}
