package testcam

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
)

// Help explains the control port.
func Help() string {
	var b strings.Builder
	b.WriteString("The control port is HTTP. CAMERA is a camera's name, or all.\n\n")
	for _, c := range commands {
		if c.Command == "" {
			fmt.Fprintf(&b, "%43s%s\n", "", c.meaning)
			continue
		}
		fmt.Fprintf(&b, "  POST /CAMERA/%-27s %s\n", string(c.Command)+c.parameters, c.meaning)
	}
	b.WriteString(`
  GET /cameras                      the cameras, as JSON: codec, size, fault, viewers, TEARDOWNs
  GET /CAMERA/frames                when each frame number was last sent, in Unix ns, as JSON
  GET /CAMERA.mjpg, /CAMERA.jpg     an MJPEG camera over HTTP: a stream, and a single picture

For example: curl -X POST http://127.0.0.1:8555/cam1/drop
`)
	return b.String()
}

func (s *Server) controlHandler() http.Handler {
	r := chi.NewRouter()
	r.Get("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, Help()) })
	r.Get("/cameras", s.listCameras)
	r.Get("/{camera}/frames", s.listFrames)
	r.Post("/{camera}/{command}", s.command)
	r.Get("/{camera}.mjpg", s.pictures(true))
	r.Get("/{camera}.jpg", s.pictures(false))
	return r
}

func (s *Server) command(w http.ResponseWriter, r *http.Request) {
	o, err := readOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	names := []string{chi.URLParam(r, "camera")}
	if names[0] == allCameras {
		names = s.Names()
	}
	for _, name := range names {
		err := s.Do(r.Context(), name, Command(chi.URLParam(r, "command")), o)
		if errors.Is(err, ErrNoCamera) {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	fmt.Fprintln(w, "done")
}

func readOptions(r *http.Request) (o Options, err error) {
	query := r.URL.Query()
	for name, into := range map[string]*int{"width": &o.Width, "height": &o.Height, "megabytes": &o.Megabytes} {
		if text := query.Get(name); text != "" {
			if *into, err = strconv.Atoi(text); err != nil {
				return o, fmt.Errorf("%s=%s: not a number", name, text)
			}
		}
	}
	for name, into := range map[string]*float64{"rate": &o.Rate, "seconds": &o.Seconds} {
		if text := query.Get(name); text != "" {
			if *into, err = strconv.ParseFloat(text, 64); err != nil {
				return o, fmt.Errorf("%s=%s: not a number", name, text)
			}
		}
	}
	o.Codec, o.Kind = Codec(query.Get("codec")), Damage(query.Get("kind"))
	return o, nil
}

func (s *Server) listCameras(w http.ResponseWriter, _ *http.Request) {
	type camera struct {
		Name     string  `json:"name"`
		URL      string  `json:"url"`
		Codec    Codec   `json:"codec"`
		Width    int     `json:"width"`
		Height   int     `json:"height"`
		FPS      int     `json:"fps"`
		Fault    Command `json:"fault"`
		Viewers  int     `json:"viewers"`
		TornDown int     `json:"torn_down"`
	}
	var all []camera
	for _, p := range s.paths {
		p.mu.Lock()
		c := camera{
			Name: p.camera.Name, URL: s.URL(p.camera.Name), Fault: p.fault.kind,
			Viewers: len(p.sessions) + p.pictures, TornDown: p.tornDown,
		}
		if p.loop != nil {
			c.Codec, c.Width, c.Height, c.FPS = p.loop.Codec, p.loop.Width, p.loop.Height, p.loop.FPS
		}
		p.mu.Unlock()
		all = append(all, c)
	}
	writeJSON(w, all)
}

func (s *Server) listFrames(w http.ResponseWriter, r *http.Request) {
	p := s.path(chi.URLParam(r, "camera"))
	if p == nil {
		http.Error(w, ErrNoCamera.Error(), http.StatusNotFound)
		return
	}
	sent := map[int]int64{}
	p.mu.Lock()
	for number := range p.sent {
		if at := p.sent[number].before(time.Now()); !at.IsZero() {
			sent[number] = at.UnixNano()
		}
	}
	p.mu.Unlock()
	writeJSON(w, sent)
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(value)
}
