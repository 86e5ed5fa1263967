package web

import (
	"net/http"
	"time"

	"framegate/pipeline/frame"

	"github.com/go-chi/chi/v5"
)

// stream serves GET /cameras/{id}/stream: MJPEG, for <img src>. It answers with an error status as long as
// there is no picture to give, and never with an empty body.
func (s *server) stream(w http.ResponseWriter, r *http.Request) {
	request, bad := parse(r.URL.RawQuery, streamParameters)
	if bad != nil {
		bad.write(w)
		return
	}
	id := chi.URLParam(r, "id")
	view, err := s.Cameras.Watch(r.Context(), id, request.ask)
	if err != nil {
		refuse(w, id, err)
		return
	}
	defer view.Close()

	h := w.Header()
	h.Set("Content-Type", "multipart/x-mixed-replace; boundary="+frame.Boundary)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")       // nginx passes frames on as they come
	h.Set("Transfer-Encoding", "identity") // not chunked: a frame is one write
	h.Set("Connection", "close")           // the end of the stream is the end of the connection
	if r.Method == http.MethodHead {
		return
	}
	out := http.NewResponseController(w)
	if _, err := w.Write([]byte(frame.Opening)); err != nil {
		return
	}
	for {
		out.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := w.Write(view.Frame().Part()); err != nil {
			return
		}
		if err := out.Flush(); err != nil {
			return
		}
		if _, err := view.Next(); err != nil {
			return
		}
	}
}
