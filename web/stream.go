package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"framegate/pipeline/frame"
	"framegate/registry"

	"github.com/go-chi/chi/v5"
	"golang.org/x/sys/unix"
)

// endTimeout is how long a viewer may take to read its last frame when framegate ends.
const endTimeout = 2 * time.Second

// stream serves GET /cameras/{id}/stream: MJPEG, for <img src>. It answers with an error status as long as
// there is no picture to give, and never with an empty body.
func (s *server) stream(w http.ResponseWriter, r *http.Request) {
	request, bad := parse(r.URL.RawQuery, streamParameters)
	if bad != nil {
		bad.write(w)
		return
	}
	leave, full := s.crowd.enter(r, s.config.Load())
	if full != nil {
		full.write(w)
		return
	}
	v := &audience{cameras: s.Cameras, id: chi.URLParam(r, "id"), ask: request.ask}
	// The stream outlives this handler, but until the first picture is there the client may give up.
	v.ctx, v.gone = context.WithCancel(context.Background())
	end := func() {
		v.gone()
		leave()
	}
	begun := false
	defer func() {
		if !begun {
			end()
		}
	}()
	stay := context.AfterFunc(r.Context(), v.gone)
	var err error
	if v.view, err = s.Cameras.Watch(v.ctx, v.id, v.ask); err != nil {
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout)) // a camera may take minutes to fail
		refuse(w, v.id, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "multipart/x-mixed-replace; boundary="+frame.Boundary)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx passes frames on as they come
	h.Set("Connection", "close")     // the end of the stream is the end of the connection
	if r.Method == http.MethodHead || !stay() {
		v.view.Close()
		return
	}
	if v.conn, _, err = http.NewResponseController(w).Hijack(); err != nil {
		v.view.Close()
		problem{Status: http.StatusHTTPVersionNotSupported, Detail: "streams need HTTP/1.1"}.write(w)
		return
	}
	begun = true
	go func() {
		defer end()
		v.send(h)
	}()
}

// audience is a viewer who is being sent a stream. It belongs to one goroutine. It has taken its connection over from net/http,
// whose goroutines and buffers would be most of what a viewer takes: the body is not chunked, and a frame is one write.
type audience struct {
	cameras Cameras
	id      string
	ask     frame.Ask
	ctx     context.Context // done when the client has gone
	gone    func()
	view    *registry.View
	conn    net.Conn
}

// send writes frames until either side ends.
func (v *audience) send(h http.Header) {
	defer v.conn.Close()
	defer func() { v.view.Close() }()
	newestOnly(v.conn)
	v.conn.SetReadDeadline(time.Time{})
	go func() {
		defer v.gone()
		for anything := make([]byte, 1); ; {
			if _, err := v.conn.Read(anything); err != nil {
				return
			}
		}
	}()
	if v.open(h) != nil {
		return
	}
	for {
		err := v.sendView()
		if !errors.Is(err, registry.ErrReplaced) {
			return
		}
		again, err := v.cameras.Watch(v.ctx, v.id, v.ask)
		if err != nil {
			return
		}
		v.view.Close()
		v.view = again
	}
}

// open writes what comes before the first part.
func (v *audience) open(h http.Header) error {
	var head bytes.Buffer
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	fmt.Fprint(&head, "HTTP/1.1 200 OK\r\n")
	h.Write(&head)
	fmt.Fprint(&head, "\r\n", frame.Opening)
	v.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := v.conn.Write(head.Bytes())
	return err
}

// sendView writes the frames of the view until it ends, and says why it did. What is being written then may take
// endTimeout.
func (v *audience) sendView() error {
	ctx := v.view.Context()
	defer context.AfterFunc(ctx, func() { v.conn.SetWriteDeadline(time.Now().Add(endTimeout)) })()
	for {
		v.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if _, err := v.conn.Write(v.view.Frame().Part()); err != nil {
			return err
		}
		if _, err := v.view.Next(); err != nil {
			return err
		}
	}
}

// newestOnly keeps the kernel from queueing frames for a viewer that is slow, beyond what is on its way: the newest is
// better than those. A connection that acknowledges nothing is given up after userTimeout.
func newestOnly(conn net.Conn) {
	raw, ok := conn.(syscall.Conn)
	if !ok {
		return
	}
	control, err := raw.SyscallConn()
	if err != nil {
		return
	}
	control.Control(func(fd uintptr) { // what an older kernel lacks is done without
		unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentBytes)
		unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(userTimeout.Milliseconds()))
	})
}

// unsentBytes is how much of a stream may wait in the kernel before it is sent. Linux wakes the writer when half of it has
// gone, which for the slowest viewers must not take as long as writeTimeout.
const unsentBytes = 16 << 10

// userTimeout ends connections whose other end has vanished while all that is sent fits into the kernel, as placeholders do. It is
// much longer than writeTimeout, since Linux also counts the time of a viewer who reads, but a little at a time.
const userTimeout = time.Minute
