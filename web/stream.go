package web

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"framegate/pipeline/frame"
	"framegate/registry"

	"github.com/go-chi/chi/v5"
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
	id := chi.URLParam(r, "id")
	// The stream outlives this handler, but until the first picture is there the client may give up.
	ctx, cancel := context.WithCancel(context.Background())
	stay := context.AfterFunc(r.Context(), cancel)
	view, err := s.Cameras.Watch(ctx, id, request.ask)
	if err != nil {
		cancel()
		refuse(w, id, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "multipart/x-mixed-replace; boundary="+frame.Boundary)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx passes frames on as they come
	h.Set("Connection", "close")     // the end of the stream is the end of the connection
	if r.Method == http.MethodHead || !stay() {
		view.Close()
		cancel()
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		view.Close()
		cancel()
		problem{Status: http.StatusHTTPVersionNotSupported, Detail: "streams need HTTP/1.1"}.write(w)
		return
	}
	s.streams.Go(func() {
		defer cancel()
		defer view.Close()
		send(conn, h, view, cancel)
	})
}

// send writes frames to a viewer until either side ends. It has taken the connection over from net/http, whose
// goroutines and buffers would be most of what a viewer takes: the body is not chunked, and a frame is one write.
func send(conn net.Conn, h http.Header, view *registry.View, gone func()) {
	defer conn.Close()
	conn.SetReadDeadline(time.Time{})
	go func() {
		defer gone()
		for anything := make([]byte, 1); ; {
			if _, err := conn.Read(anything); err != nil {
				return
			}
		}
	}()
	conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	if _, err := fmt.Fprint(conn, "HTTP/1.1 200 OK\r\n"); err != nil {
		return
	}
	if err := h.Write(conn); err != nil {
		return
	}
	if _, err := fmt.Fprint(conn, "\r\n", frame.Opening); err != nil {
		return
	}
	defer context.AfterFunc(view.Context(), func() { conn.SetWriteDeadline(time.Now().Add(endTimeout)) })()
	for {
		conn.SetWriteDeadline(time.Now().Add(writeTimeout))
		if view.Context().Err() != nil {
			return
		}
		if _, err := conn.Write(view.Frame().Part()); err != nil {
			return
		}
		if _, err := view.Next(); err != nil {
			return
		}
	}
}
