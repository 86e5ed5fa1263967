package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/framegate/framegate/registry"
	"github.com/framegate/framegate/web/auth"

	"github.com/go-chi/chi/v5"
)

func (s *server) listCameras(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, s.camerasOf(auth.Of(r.Context())))
}

// camerasOf returns what a principal may know of the cameras that it may see. The list is not nil.
func (s *server) camerasOf(p auth.Principal) []registry.Status {
	list := []registry.Status{}
	for _, status := range s.Cameras.Cameras() {
		if p.Sees(status.ID) {
			list = append(list, redacted(p, status))
		}
	}
	return list
}

func (s *server) showCamera(w http.ResponseWriter, r *http.Request) {
	id := chi.URLParam(r, "id")
	status, err := s.Cameras.Camera(id)
	if err != nil {
		refuse(w, r, id, err)
		return
	}
	writeJSON(w, http.StatusOK, redacted(auth.Of(r.Context()), status))
}

// hardwareTimeout is how long a client waits until all plans have been tried. This takes about a second without hardware and several
// seconds with an NVIDIA card, unless a driver hangs.
const hardwareTimeout = 15 * time.Second

func (s *server) showHardware(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), hardwareTimeout)
	defer cancel()
	found := s.Hardware(ctx)
	if found == nil {
		problem{Status: http.StatusServiceUnavailable, Detail: "the plans of this machine are still being tried", retryAfter: retryAfter}.write(w)
		return
	}
	writeJSON(w, http.StatusOK, found)
}

// healthz serves GET /healthz. It reports that the process answers requests.
func (s *server) healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readyz serves GET /readyz. It reports whether every camera has been tried once, so that the states mean something.
func (s *server) readyz(w http.ResponseWriter, r *http.Request) {
	p := auth.Of(r.Context())
	for _, camera := range s.Cameras.Cameras() {
		if !camera.Tried {
			answer := problem{Status: http.StatusServiceUnavailable, Detail: "still connecting", retryAfter: 1}
			if p.Sees(camera.ID) {
				answer.Camera = camera.ID
			}
			answer.write(w)
			return
		}
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": "ready"})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false) // the type is JSON, so browsers do not parse it as HTML
	enc.Encode(body)
}
