// Package web serves the cameras over HTTP: MJPEG streams, snapshots, pages, the API and metrics. It knows the registry through the
// interface Cameras, and nothing of GStreamer.
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

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/configs/edit"
	"github.com/framegate/framegate/internal/onvif"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry"
	"github.com/framegate/framegate/registry/retry"
	"github.com/framegate/framegate/web/auth"
	"github.com/framegate/framegate/web/auth/firstrun"
	"github.com/framegate/framegate/web/auth/links"
	"github.com/framegate/framegate/web/auth/proxy"
	"github.com/framegate/framegate/web/auth/sessions"
	"github.com/framegate/framegate/web/auth/tokens"
	"github.com/framegate/framegate/web/auth/users"
	"github.com/framegate/framegate/web/live"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/cors"
)

// Options say what to serve.
type Options struct {
	Cameras Cameras
	// Hardware returns the answer to GET /api/hardware, a value for encoding/json. It returns nil if ctx is done before the
	// answer is known.
	Hardware func(ctx context.Context) any
	// Probe connects to a source once. It returns what it found, a value for encoding/json, and a JPEG, or why there is no picture.
	Probe func(ctx context.Context, src configs.Source) (found any, picture []byte, err error)
	// Discover returns the cameras that answer on this network before ctx is done.
	Discover func(ctx context.Context) ([]onvif.Device, error)
	// Streams asks a camera with ONVIF for its streams.
	Streams func(ctx context.Context, camera onvif.Client) ([]onvif.Stream, error)
	// Abandoned returns how many pipelines hang in a driver and were given up, for /metrics.
	Abandoned func() int
	// Living returns how many objects of GStreamer exist, for /metrics.
	Living func() int
	// DroppedLines returns how many lines of the log were lost, for /metrics.
	DroppedLines func() int
	// MaxMemory returns the limit on the memory of the process in bytes, 0 for none, for /metrics.
	MaxMemory func() int64
	// Refused returns how many connections were refused, by the limit that they exceeded, for /metrics.
	Refused func() map[string]int
	// Configuration returns the state of the configuration.
	Configuration func() Configuration
	// FirstRun makes File, as long as there is none; nil if there is one.
	FirstRun *firstrun.Setup
	// File is the file that requests may change; nil for none.
	File *edit.File
	// Listen are addresses to listen on in place of the configuration's; empty for none. Requests to their hosts are answered.
	Listen  []string
	Version string
	Log     *slog.Logger
}

// Cameras is what web needs of the registry. Any goroutine may call its methods.
type Cameras interface {
	Cameras() []registry.Status
	Camera(id string) (registry.Status, error)
	History(id string) (registry.History, error)
	Watch(ctx context.Context, id string, request frame.Request) (*registry.View, error)
	Next(ctx context.Context, id string, request frame.Request, after time.Time) (f *frame.Frame, number uint64, err error)
	Snapshot(ctx context.Context, id string, request frame.Request, maxAge time.Duration) (f *frame.Frame, stale bool, err error)
}

// Handler serves all routes.
type Handler struct {
	http.Handler
	server *server
}

// Configure sets the configuration of future requests. Before the first call, no other origin is allowed, viewers are not
// limited and nothing may be changed. Any goroutine may call it.
func (h *Handler) Configure(config *configs.Config) {
	h.server.config.Store(config)
	h.server.users.Configure(config)
	h.server.sessions.Configure(config)
	h.server.tokens.Configure(config)
	h.server.links.Configure(config)
	h.server.proxied.Configure(config)
	h.server.changes.Changed()
}

// Run takes over what other processes change in the state directory, until ctx is done.
func (h *Handler) Run(ctx context.Context) { h.server.links.Run(ctx) }

// Wait blocks until all streams have ended, for which http.Server does not wait. They end when the cameras end their views. No stream
// begins after the call. Wait is called once.
func (h *Handler) Wait() {
	h.server.sockets.Close()
	h.server.viewers.close()
	h.server.tokens.Close()
}

// New returns the handler of all routes.
func New(o Options) *Handler {
	s := &server{Options: o, now: time.Now, visitLog: slog.New(retry.Limited(o.Log.Handler()))}
	s.changes.OnChange(s.rights.changed)
	s.sockets = live.New(o.Cameras.Cameras)
	s.links = links.New(s.changes.Changed, o.Log)
	s.config.Store(&configs.Config{})
	s.users = users.New(users.Options{Changed: s.changes.Changed, Address: addressOf, Log: o.Log})
	s.sessions = sessions.New(s.users, &s.changes, o.Log)
	s.sessions.Secure = overTLS
	s.tokens = tokens.New(o.Log, &s.changes)
	s.proxied = proxy.NewUsers(o.Log)
	s.finders = []auth.Finder{s.links, s.proxied, s.users, s.tokens, s.sessions}
	r := chi.NewRouter()
	r.Use(s.recoverer, s.forward, s.limitRequests, deadline, headers, s.checkHost, s.belowBase, bodies, s.firstRun, ranges, middleware.GetHead, cors.Handler(cors.Options{
		AllowOriginFunc: s.allows,
		AllowedMethods:  []string{http.MethodGet, http.MethodHead},
		AllowedHeaders:  []string{"Accept", "Authorization", "Content-Type", "X-Requested-With"},
		ExposedHeaders: []string{"ETag", "Retry-After", "X-Timestamp", "X-Framegate-Stale",
			"X-Sequence", "X-Width", "X-Height", "X-Stride", "X-Format"},
		MaxAge: 600,
	}))
	r.NotFound(func(w http.ResponseWriter, _ *http.Request) {
		problem{Status: http.StatusNotFound, Detail: "there is nothing at this path"}.write(w)
	})
	r.MethodNotAllowed(func(w http.ResponseWriter, req *http.Request) {
		methods := strings.Join(allowed(r, req.URL.Path), ", ")
		w.Header().Set("Allow", methods)
		problem{Status: http.StatusMethodNotAllowed, Detail: "this path accepts " + methods}.write(w)
	})

	for _, to := range s.routes() {
		r.Method(to.method, to.pattern, s.admit(to))
	}
	return &Handler{r, s}
}

// server has the handlers of the routes.
type server struct {
	Options
	config      atomic.Pointer[configs.Config] // for future requests
	finders     []auth.Finder                  // the first that finds a principal decides
	changes     auth.Changes                   // to what principals may do
	rights      rights                         // in use
	users       *users.Users
	sessions    *sessions.Sessions
	tokens      *tokens.Tokens
	links       *links.Links
	proxied     *proxy.Users
	sockets     *live.Server
	liveClients inProgress // who have a WebSocket
	requests    inProgress // of all clients
	forms       inProgress // whose bodies are being read
	probes      inProgress // of cameras that are tried before they are added
	discoveries inProgress // of the network
	viewers     viewerLimits
	visitors    visitors
	pixels      sentPixels
	refusals    refusalPictures
	visitLog    *slog.Logger     // of refused visitors; it writes few lines a second
	reduced     atomic.Int64     // viewers who are not on the first step of quality=auto
	now         func() time.Time // by which quality=auto and max_kbps judge a connection

	viewerTimeout time.Duration // writeTimeout of viewers; 0 unless a test needs a longer one
}

// allowed returns the methods of a path.
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

// allows reports whether scripts of an origin may read answers.
func (s *server) allows(_ *http.Request, origin string) bool {
	origins := s.config.Load().CORSOrigins
	return slices.Contains(origins, "*") || slices.Contains(origins, origin)
}

// picturePolicy is the Content-Security-Policy of answers with bytes of a camera. Whatever they are, no browser runs them as a page of
// framegate's origin: in a sandbox, a page has a separate origin and no scripts.
const picturePolicy = "sandbox"

// defaultPolicy is the Content-Security-Policy of answers that are neither pages nor pictures. Opened as a page, they load nothing, and
// no other page shows them in a frame.
const defaultPolicy = "default-src 'none'; frame-ancestors 'none'"

// headers sets the headers of every answer. Pages of any origin may show pictures with <img>. If a page is isolated from other origins,
// it needs Cross-Origin-Resource-Policy for this.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", defaultPolicy)
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

// writeTimeout is how long a client may take to read an answer, or a viewer to read a frame.
const writeTimeout = 10 * time.Second

// deadline ends answers that the client does not read. A stream extends its deadline with each frame.
func deadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(snapshotTimeout + writeTimeout))
		next.ServeHTTP(w, r)
	})
}

// recoverer answers a request whose handler panics with 500, and logs it. Other requests are not affected.
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
			if answer.Status() != 0 { // the answer has begun, so it is cut off
				panic(http.ErrAbortHandler)
			}
			problem{Status: http.StatusInternalServerError, Detail: "framegate has a bug; its log says more"}.write(w)
		}()
		next.ServeHTTP(answer, r)
	})
}
