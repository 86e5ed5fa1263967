package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry"

	"github.com/go-chi/chi/v5"
	"golang.org/x/sys/unix"
)

// stream serves GET /cameras/{id}/stream: MJPEG for <img src>. It answers with an error status while there is no picture to send,
// and never with an empty body.
func (s *server) stream(w http.ResponseWriter, r *http.Request) {
	q, bad := parse(r.URL.RawQuery, streamParameters)
	if bad != nil {
		bad.write(w)
		return
	}
	id, h := chi.URLParam(r, "id"), w.Header()
	if r.Method == http.MethodHead {
		if s.exists(w, r, id) {
			describeStream(h)
		}
		return
	}
	leave, refused := s.viewers.enter(r, s.config.Load())
	if refused != nil {
		refused.write(w)
		return
	}
	out := &sender{cameras: s.Cameras, id: id, request: q.Request, client: clientOf(r), now: s.now, reduced: &s.reduced}
	// The stream outlives this handler. Until its first picture is there, it ends with the request.
	out.ctx, out.cancel = context.WithCancel(context.Background())
	end := func() {
		out.cancel()
		leave()
	}
	sending := false
	defer func() {
		if !sending {
			end()
		}
	}()
	outlive := context.AfterFunc(r.Context(), out.cancel)
	var err error
	if out.view, err = s.Cameras.Watch(out.ctx, out.id, out.request); err != nil {
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout)) // a camera may take minutes to fail
		refuse(w, r, out.id, err)
		return
	}
	if q.maxKbps > 0 || out.view.Auto() {
		out.adaptive = newAdaptive(q.maxKbps)
	}
	describeStream(h)
	if !outlive() {
		out.view.Close()
		return
	}
	if out.conn, _, err = http.NewResponseController(w).Hijack(); err != nil {
		out.view.Close()
		problem{Status: http.StatusHTTPVersionNotSupported, Detail: "streams need HTTP/1.1"}.write(w)
		return
	}
	sending = true
	go func() {
		defer end()
		out.send(h)
	}()
}

// describeStream sets the headers of a stream.
func describeStream(h http.Header) {
	h.Set("Content-Type", "multipart/x-mixed-replace; boundary="+frame.Boundary)
	h.Set("Content-Security-Policy", inert)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // makes nginx pass frames on immediately
	h.Set("Connection", "close")     // the end of the stream is the end of the connection
}

// sender sends a stream to one viewer. It belongs to one goroutine. It takes the connection over from net/http, whose goroutines
// and buffers would be most of what a viewer costs: the body is not chunked, and a frame is one write.
type sender struct {
	cameras  Cameras
	id       string
	request  frame.Request
	client   client
	ctx      context.Context // done when the viewer has gone
	cancel   func()          // ends ctx
	view     *registry.View
	next     *registry.View // takes over when sendView returns
	conn     net.Conn
	now      func() time.Time
	reduced  *atomic.Int64 // counts the viewer while it is not on the first step
	adaptive *adaptive     // nil if the viewer gets the same pictures, whatever its line carries
}

// send writes frames until either side ends.
func (s *sender) send(h http.Header) {
	defer s.conn.Close()
	defer func() {
		s.cancel()
		s.view.Close()
		if s.adaptive != nil {
			s.endSteps()
		}
	}()
	limitQueue(s.conn)
	s.conn.SetReadDeadline(time.Time{})
	go func() {
		defer s.cancel()
		for b := make([]byte, 1); ; {
			if _, err := s.conn.Read(b); err != nil {
				return
			}
		}
	}()
	if s.writeHead(h) != nil {
		return
	}
	for {
		err := s.sendView()
		switch {
		case errors.Is(err, errStep):
		case !errors.Is(err, registry.ErrReplaced):
			return
		default:
			if s.next, err = s.watchAgain(); err != nil {
				return
			}
		}
		s.view.Close()
		s.view = s.next
	}
}

// writeHead writes what comes before the first part.
func (s *sender) writeHead(h http.Header) error {
	var head bytes.Buffer
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	fmt.Fprint(&head, "HTTP/1.1 200 OK\r\n")
	h.Write(&head)
	fmt.Fprint(&head, "\r\n", s.client.opening())
	s.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := s.conn.Write(head.Bytes())
	return err
}

// sendView writes the frames of the view until it ends, and returns why it ended. A frame that is being written then may take
// endTimeout more.
func (s *sender) sendView() error {
	ctx, hurried := s.view.Context(), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		s.conn.SetWriteDeadline(time.Now().Add(endTimeout))
		close(hurried)
	})
	defer func() { // so that it does not shorten the time of another view's frames
		if !stop() {
			<-hurried
		}
	}()
	for {
		s.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := s.write(s.client.part(s.view.Frame())); err != nil {
			return err
		}
		if s.client == webKit && !s.view.Await(late) {
			if err := s.write(s.view.Frame().Part()); err != nil {
				return err
			}
		}
		if s.adaptive != nil {
			if err := s.adapt(); err != nil {
				return err
			}
		}
		if _, err := s.view.Next(); err != nil {
			return err
		}
	}
}

// write writes a part.
func (s *sender) write(part []byte) error {
	if s.adaptive == nil {
		_, err := s.conn.Write(part)
		return err
	}
	began := s.now()
	_, err := s.conn.Write(part)
	s.adaptive.took += s.now().Sub(began)
	s.adaptive.bytes += len(part)
	return err
}

// endTimeout is how long a viewer may take to read its last frame when the stream ends.
const endTimeout = 2 * time.Second

// limitQueue keeps the kernel from queueing frames for a slow viewer, who is to see the newest ones. It also makes the kernel give
// up a connection that acknowledges nothing for userTimeout. Linux counts twice what a Unix socket is given, for its own data.
func limitQueue(conn net.Conn) {
	control(conn, func(fd int) { // an older kernel may lack these options, which are not essential
		if domain, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN); domain == unix.AF_UNIX {
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, unsentBytes)
			return
		}
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentBytes)
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(userTimeout.Milliseconds()))
	})
}

// unsentBytes is how much of a stream may wait in the kernel before it is sent. Linux wakes the writer when half of it has been
// sent. For the slowest viewers this must take less than writeTimeout.
const unsentBytes = 16 << 10

// userTimeout ends a connection whose other end has vanished while the kernel could hold all that was sent, as with placeholders.
// It is much longer than writeTimeout because Linux also counts the time of a viewer who reads, but slowly.
const userTimeout = time.Minute
