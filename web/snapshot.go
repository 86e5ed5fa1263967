package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"framegate/pipeline/frame"

	"github.com/go-chi/chi/v5"
)

// snapshotTimeout is how long a snapshot may take, from opening the camera on.
const snapshotTimeout = 20 * time.Second

// snapshot serves GET /cameras/{id}/snapshot.jpg: the newest picture, which is at most max_age old unless
// the camera itself is slower.
func (s *server) snapshot(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeoutCause(r.Context(), snapshotTimeout,
		&frame.CameraError{Reason: frame.TimedOut, Text: fmt.Sprintf("no new picture within %v", snapshotTimeout)})
	defer cancel()
	view, request, ok := s.watch(w, r.WithContext(ctx), snapshotParameters)
	if !ok {
		return
	}
	f := view.Frame()
	for asked := time.Now(); asked.Sub(f.Received) > request.maxAge; {
		var err error
		if f, err = view.Next(); err != nil {
			view.Close()
			refuse(w, chi.URLParam(r, "id"), err)
			return
		}
	}
	view.Close() // a client that does not read must not keep the camera decoding
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Content-Length", strconv.Itoa(len(f.JPEG())))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Timestamp", string(frame.AppendTimestamp(nil, f.Received)))
	w.Write(f.JPEG())
}
