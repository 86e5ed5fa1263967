package testcam

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
)

// pictures serves an MJPEG camera over HTTP, as a stream or as one picture. User, password and faults apply as they do over
// RTSP.
func (s *Server) pictures(stream bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p := s.path(chi.URLParam(r, "camera"))
		if p == nil {
			http.Error(w, ErrNoCamera.Error(), http.StatusNotFound)
			return
		}
		dropped, status := p.enter(r)
		if status != http.StatusOK {
			if status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", `Basic realm="testcam"`)
			}
			http.Error(w, fmt.Sprintf("%s: %s", p.camera.Name, http.StatusText(status)), status)
			return
		}
		defer p.leave()
		w.Header().Set("Cache-Control", "no-store")
		if !stream {
			jpeg, err := p.after(r.Context(), dropped)
			if err != nil {
				panic(http.ErrAbortHandler) // closes the connection with no answer
			}
			w.Header().Set("Content-Type", "image/jpeg")
			w.Write(jpeg)
			return
		}
		w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=testcam")
		control := http.NewResponseController(w)
		control.Flush()
		for {
			jpeg, err := p.after(r.Context(), dropped)
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			control.SetWriteDeadline(time.Now().Add(10 * time.Second))
			fmt.Fprintf(w, "--testcam\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", len(jpeg), jpeg)
			if control.Flush() != nil {
				return
			}
		}
	}
}

// enter decides whether a request gets pictures. If status is StatusOK, leave must follow, and dropped is closed when the
// connection is to be closed.
func (p *path) enter(r *http.Request) (dropped <-chan struct{}, status int) {
	user, password, _ := r.BasicAuth()
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.fault.kind == Refuse:
		return nil, http.StatusServiceUnavailable
	case p.fault.kind == Unauthorized,
		p.camera.Username != "" && (user != p.camera.Username || password != p.camera.Password):
		return nil, http.StatusUnauthorized
	case p.loop == nil || p.loop.Codec != MJPEG:
		return nil, http.StatusNotFound
	}
	p.pictures++
	return p.dropped, http.StatusOK
}

func (p *path) leave() {
	p.mu.Lock()
	p.pictures--
	p.mu.Unlock()
}

var errDropped = errors.New("dropped")

// after waits for the next picture that the camera sends.
func (p *path) after(ctx context.Context, dropped <-chan struct{}) ([]byte, error) {
	p.mu.Lock()
	arrived := p.arrived
	p.mu.Unlock()
	select {
	case <-arrived:
	case <-dropped:
		return nil, errDropped
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.newest, nil
}
