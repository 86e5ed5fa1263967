package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
)

func (s *server) listCameras(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.Cameras.Cameras())
}

func (s *server) showCamera(w http.ResponseWriter, r *http.Request) {
	id := chi.URLParam(r, "id")
	status, err := s.Cameras.Camera(id)
	if err != nil {
		refuse(w, id, err)
		return
	}
	writeJSON(w, http.StatusOK, status)
}

// hardwareTimeout is how long a client waits until all plans have been tried. This takes a second unless a driver hangs.
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

// healthz serves GET /healthz: the process answers requests.
func (s *server) healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readyz serves GET /readyz: every camera has been tried once, so that the states mean something.
func (s *server) readyz(w http.ResponseWriter, _ *http.Request) {
	for _, camera := range s.Cameras.Cameras() {
		if !camera.Tried {
			problem{Status: http.StatusServiceUnavailable, Detail: "still connecting", Camera: camera.ID, retryAfter: 1}.write(w)
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
	enc.Encode(body)
}
