package web

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/framegate/framegate/pipeline/frame"

	"github.com/go-chi/chi/v5"
)

// snapshot serves GET /cameras/{id}/snapshot.jpg, .png and .webp: the newest picture. It is at most max_age old unless the camera sends
// less often. While the camera is lost, X-Framegate-Stale is the picture's age in seconds. A conditional request for a picture that the
// client already has is answered with 304.
func (s *server) snapshot(format frame.Format) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q, bad := parse(r.URL.RawQuery, snapshotParameters)
		if bad != nil {
			bad.write(w)
			return
		}
		q.Format = format
		id, h := chi.URLParam(r, "id"), w.Header()
		if r.Method == http.MethodHead {
			if s.exists(w, r, id) {
				describeSnapshot(h, format)
			}
			return
		}
		leave, refused := s.visit(r, id, q.Request, true)
		if refused != nil {
			refused.write(w)
			return
		}
		defer leave()
		ctx, cancel := context.WithTimeoutCause(r.Context(), snapshotTimeout,
			&frame.CameraError{Reason: frame.TimedOut, Text: fmt.Sprintf("no picture within %v", snapshotTimeout)})
		defer cancel()
		f, stale, err := s.Cameras.Snapshot(ctx, id, q.Request, q.maxAge)
		if err != nil {
			refuse(w, r, id, err)
			return
		}
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
		describeSnapshot(h, format)
		h.Set("ETag", etag(f))
		if stale {
			h.Set("X-Framegate-Stale", strconv.Itoa(int(time.Since(f.Received).Seconds())))
		}
		h.Set("X-Timestamp", string(frame.AppendTimestamp(nil, f.Received)))
		if q.download {
			h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%s.%s"`, id, f.Received.Format("20060102-150405"), f.Format.Extension()))
		}
		http.ServeContent(w, r, "", f.Received, bytes.NewReader(f.Picture()))
	}
}

// describeSnapshot sets the headers of every snapshot.
func describeSnapshot(h http.Header, format frame.Format) {
	h.Set("Content-Type", format.MediaType())
	h.Set("Content-Security-Policy", picturePolicy)
	h.Set("Cache-Control", "no-cache") // a cache must ask each time, with the ETag
}

// snapshotTimeout is how long a snapshot may take, including the connection to the camera.
const snapshotTimeout = 20 * time.Second

// snapshotFormats are the formats of a snapshot by the extension of its path.
var snapshotFormats = map[string]frame.Format{"jpg": frame.JPEG, "png": frame.PNG, "webp": frame.WebP}

// etag distinguishes a frame from all others of the same URL.
func etag(f *frame.Frame) string {
	return fmt.Sprintf(`"%x-%x"`, f.Received.UnixNano(), len(f.Picture()))
}
