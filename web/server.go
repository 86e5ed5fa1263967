// Package web serves the cameras over HTTP: MJPEG streams, snapshots, pages, the API and metrics. It knows
// the registry through the interface Cameras and nothing of GStreamer.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"framegate/configs"
	"framegate/configs/edit"
	"framegate/pipeline/frame"
	"framegate/registry"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/cors"
)

// Cameras is what web asks of the registry. Its methods may be called from any goroutine.
type Cameras interface {
	Cameras() []registry.Status
	Camera(id string) (registry.Status, error)
	Watch(ctx context.Context, id string, ask frame.Ask) (*registry.View, error)
	Snapshot(ctx context.Context, id string, ask frame.Ask, maxAge time.Duration) (f *frame.Frame, stale bool, err error)
}

// Options say what to serve.
type Options struct {
	Cameras Cameras
	// Hardware is what GET /api/hardware answers, as a value for encoding/json, or nil where that was not found out before
	// ctx was done. It is asked for each time.
	Hardware func(ctx context.Context) any
	// Abandoned is the number of pipelines that hang in a driver and were given up, for /metrics.
	Abandoned func() int
	// Living is the number of GStreamer's objects that exist, likewise.
	Living func() int
	// Configuration tells what the cameras come from.
	Configuration func() Configuration
	// File is changed by requests that change the list of cameras; nil where there is none.
	File    *edit.File
	Version string
	Log     *slog.Logger
}

// Handler serves all routes.
type Handler struct {
	http.Handler
	server *server
}

// Configure sets the configuration that applies to requests from now on. Before the first call no origin is allowed, nothing is
// limited and nothing may be changed. Any goroutine may call it.
func (h *Handler) Configure(config *configs.Config) { h.server.config.Store(config) }

// Wait blocks until all streams have ended, which they do when the cameras end their views. http.Server does
// not wait for them. From now on no stream begins. It is called once.
func (h *Handler) Wait() { h.server.crowd.close() }

// New returns the handler of all routes.
func New(o Options) *Handler {
	s := &server{Options: o}
	s.config.Store(&configs.Config{})
	r := chi.NewRouter()
	r.Use(s.recoverer, deadline, middleware.GetHead, headers, cors.Handler(cors.Options{
		AllowOriginFunc: s.allows,
		AllowedMethods:  []string{http.MethodGet, http.MethodHead},
		ExposedHeaders:  []string{"ETag", "Retry-After", "X-Timestamp", "X-Framegate-Stale"},
		MaxAge:          600,
	}))
	r.NotFound(func(w http.ResponseWriter, _ *http.Request) {
		problem{Status: http.StatusNotFound, Detail: "there is nothing at this path"}.write(w)
	})
	r.MethodNotAllowed(func(w http.ResponseWriter, req *http.Request) {
		methods := strings.Join(allowed(r, req.URL.Path), ", ")
		w.Header().Set("Allow", methods)
		problem{Status: http.StatusMethodNotAllowed, Detail: "this path takes " + methods}.write(w)
	})

	r.Get("/", s.wall)
	r.Method(http.MethodGet, "/static/*", static())
	r.Route("/cameras/{id}", func(r chi.Router) {
		r.Get("/", s.camera)
		r.Get("/stream", s.stream)
		for extension, format := range snapshotFormats {
			r.Get("/snapshot."+extension, s.snapshot(format))
		}
	})
	r.Route("/api", func(r chi.Router) {
		r.Get("/cameras", s.listCameras)
		r.Get("/cameras/{id}", s.showCamera)
		r.Get("/hardware", s.showHardware)
		r.Get("/config", s.showConfiguration)
		r.Group(func(r chi.Router) {
			r.Use(s.guarded)
			r.Post("/cameras", s.addCamera)
			r.Put("/cameras/{id}", s.replaceCamera)
			r.Patch("/cameras/{id}", s.changeCamera)
			r.Delete("/cameras/{id}", s.removeCamera)
		})
	})
	r.Get("/healthz", s.healthz)
	r.Get("/readyz", s.readyz)
	r.Method(http.MethodGet, "/metrics", s.metrics())
	return &Handler{r, s}
}

// allowed lists the methods that a path takes.
func allowed(routes chi.Routes, path string) (methods []string) {
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if routes.Match(chi.NewRouteContext(), method, path) {
			methods = append(methods, method)
		}
		if method == http.MethodGet && len(methods) > 0 {
			methods = append(methods, http.MethodHead) // by middleware.GetHead
		}
	}
	return methods
}

type server struct {
	Options
	config atomic.Pointer[configs.Config]
	crowd  crowd // of those who are sent streams
}

// allows reports whether scripts of an origin may read what is answered.
func (s *server) allows(_ *http.Request, origin string) bool {
	origins := s.config.Load().CORSOrigins
	return slices.Contains(origins, "*") || slices.Contains(origins, origin)
}

// headers sets what every answer carries. Pictures may be shown by pages of any origin, as <img> always
// could: Cross-Origin-Resource-Policy says so to pages that are isolated from others.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

// writeTimeout is how long a client may take to read an answer, or a viewer one frame, before it counts as
// gone.
const writeTimeout = 10 * time.Second

// deadline ends the answers to clients that do not read them. A stream moves it on with each frame.
func deadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(snapshotTimeout + writeTimeout))
		next.ServeHTTP(w, r)
	})
}

// recoverer answers 500 to a request whose handler panics, and logs it. Other requests go on.
func (s *server) recoverer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			if fault == http.ErrAbortHandler {
				panic(fault)
			}
			s.Log.Error("request failed", "path", r.URL.Path, "panic", fault, "stack", string(debug.Stack()))
			if answer.Status() != 0 { // the answer has begun: cut it off
				panic(http.ErrAbortHandler)
			}
			problem{Status: http.StatusInternalServerError, Detail: "a fault of framegate; its log says more"}.write(w)
		}()
		next.ServeHTTP(answer, r)
	})
}
