package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry"

	"github.com/go-chi/chi/v5"
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
	leave, refused := s.enter(r, id, q.Request)
	if refused != nil {
		refused.write(w)
		return
	}
	out := &sender{cameras: s.Cameras, id: id, request: q.Request, client: clientOf(r), now: s.now, timeout: s.viewerTimeout, reduced: &s.reduced, last: s.lastPicture}
	// Over HTTP/1.1 the stream outlives this handler. Until its first picture is there, it ends with the request.
	ctx, cancel := context.WithCancelCause(context.Background())
	out.ctx, out.cancel = ctx, func() { cancel(nil) }
	release := s.rights.hold(s.rightTo(id, r), cancel)
	end := func() {
		release()
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
		if errors.Is(err, errRightEnded) {
			refusePrincipal(w, r, err)
			return
		}
		refuse(w, r, out.id, err)
		return
	}
	if q.maxKbps > 0 || out.view.Auto() {
		out.adaptive = newAdaptive(q.maxKbps)
	}
	describeStream(h)
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // it is HTTP/2
		out.to = newResponse(w, r)
		out.send(h)
		return
	}
	out.to = hijacked{conn, out.cancel}
	if !outlive() {
		out.view.Close()
		conn.Close()
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
	h.Set("Content-Security-Policy", picturePolicy)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // makes nginx pass frames on immediately
}

// sender sends a stream to one viewer. It belongs to one goroutine.
type sender struct {
	cameras  Cameras
	id       string
	request  frame.Request
	client   client
	ctx      context.Context // done when the viewer has gone
	cancel   func()          // ends ctx
	view     *registry.View
	next     *registry.View // takes over when sendView returns
	to       streamWriter
	now      func() time.Time
	timeout  time.Duration // for each part; 0 for writeTimeout
	reduced  *atomic.Int64 // counts the viewer while it is not on the first step
	adaptive *adaptive     // nil if the viewer gets the same pictures however fast its connection is

	// last returns the frame to send when the right to watch has ended, which says why; nil for none.
	last func(id string, shown *frame.Frame, why error) *frame.Frame
}

// send writes frames until either side ends.
func (s *sender) send(h http.Header) {
	defer s.to.end()
	defer func() {
		s.cancel()
		s.view.Close()
		if s.adaptive != nil {
			s.stopAdapting()
		}
	}()
	s.to.SetWriteDeadline(time.Now().Add(cmp.Or(s.timeout, writeTimeout)))
	if s.to.begin(h, s.client.opening()) != nil {
		return
	}
	for {
		err := s.sendView()
		switch {
		case errors.Is(err, errStep):
		case errors.Is(err, errRightEnded):
			s.sendLast(err)
			return
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

// sendLast writes the last picture for a viewer whose right has ended. It says why.
func (s *sender) sendLast(why error) {
	if last := s.last(s.id, s.view.Frame(), why); last != nil {
		s.to.SetWriteDeadline(time.Now().Add(endTimeout))
		s.to.Write(s.client.part(last))
	}
}

// sendView writes the frames of the view until it ends, and returns why it ended. If a frame is being written at that time, the viewer
// has endTimeout to read the rest of it.
func (s *sender) sendView() error {
	ctx, shortened := s.view.Context(), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		s.to.SetWriteDeadline(time.Now().Add(endTimeout))
		close(shortened)
	})
	defer func() { // the frames of another view have their full time
		if !stop() {
			<-shortened
			s.to.SetWriteDeadline(time.Time{})
		}
	}()
	for {
		if err := s.write(s.client.part(s.view.Frame())); err != nil {
			return err
		}
		if s.client == webKit && !s.view.Await(webKitCopyDelay) {
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

// write writes a part. If the view has ended, it writes nothing and returns why the view ended.
func (s *sender) write(part []byte) error {
	s.to.SetWriteDeadline(time.Now().Add(cmp.Or(s.timeout, writeTimeout)))
	if ctx := s.view.Context(); ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if s.adaptive == nil {
		_, err := s.to.Write(part)
		return err
	}
	began := s.now()
	_, err := s.to.Write(part)
	s.adaptive.took += s.now().Sub(began)
	s.adaptive.bytes += len(part)
	return err
}

// endTimeout is how long a viewer may take to read its last frame when the stream ends.
const endTimeout = 2 * time.Second
