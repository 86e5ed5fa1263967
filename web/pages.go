package web

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strings"

	"framegate/registry"

	"github.com/go-chi/chi/v5"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed static
var staticFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// wallStreams is how many cameras the wall shows as streams. A browser opens no more than six connections
// to one HTTP/1.1 server, and a stream holds one; a wall of more cameras fetches snapshots in turn.
const wallStreams = 4

// static serves the pages' scripts and styles, and lists no folder.
func static() http.Handler {
	files := http.FileServerFS(staticFiles)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") {
			problem{Status: http.StatusNotFound, Detail: "there is nothing at this path"}.write(w)
			return
		}
		w.Header().Set("Cache-Control", "max-age=3600")
		files.ServeHTTP(w, r)
	})
}

// wall shows every camera.
func (s *server) wall(w http.ResponseWriter, _ *http.Request) {
	cameras := s.Cameras.Cameras()
	s.page(w, "wall.html", map[string]any{
		"Cameras": cameras, "Streams": len(cameras) <= wallStreams, "Version": s.Version,
		"Configuration": s.Configuration(),
	})
}

// camera shows one camera, what it sends and how to use it.
func (s *server) camera(w http.ResponseWriter, r *http.Request) {
	id := chi.URLParam(r, "id")
	status, err := s.Cameras.Camera(id)
	if err != nil {
		refuse(w, id, err)
		return
	}
	s.page(w, "camera.html", map[string]any{
		"Camera": status, "Origin": origin(r), "Parameters": streamParameters, "Version": s.Version,
		"Disabled": status.State == registry.Disabled,
	})
}

func (s *server) page(w http.ResponseWriter, name string, values any) {
	var body bytes.Buffer
	if err := pages.ExecuteTemplate(&body, name, values); err != nil {
		s.Log.Error("page", "name", name, "error", err)
		problem{Status: http.StatusInternalServerError, Detail: "the page cannot be made"}.write(w)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'self'")
	h.Set("Cache-Control", "no-store")
	w.Write(body.Bytes())
}

// origin is the scheme and host under which the reader of a page reached the server.
func origin(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// Name is the parameter as it stands in a query. It is for the templates, as is Wants.
func (p parameter) Name() string { return p.name }

// Wants describes the values that the parameter takes.
func (p parameter) Wants() string { return p.wants }
