// Package registry keeps the cameras. It looks them up by id, keeps them connected, and makes pictures of them while
// somebody watches. It knows nothing of HTTP, and uses GStreamer only through the interfaces Engine, Feed and Picture.
package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
)

// Registry holds the cameras of the current configuration. All methods may be called from any
// goroutine, but Run and Relieve by one at a time.
type Registry struct {
	engine       Engine
	log          *slog.Logger
	placeholders atomic.Pointer[configs.Placeholders]
	pixels       pixels
	applying     sync.Mutex // serialises Apply, which nothing else waits for
	running      sync.WaitGroup

	mu      sync.Mutex         // guards the fields below
	cameras []*camera          // in the order of the configuration
	byID    map[string]*camera // the same
	started map[string]*camera // the last one of each id; those that have ended may be missing
	ctx     context.Context    // Run's; nil before it
	closed  bool               // no further camera may start
}

// New returns the registry of a configuration. It connects no camera before Run.
func New(config *configs.Config, engine Engine, log *slog.Logger) (*Registry, error) {
	r := &Registry{engine: engine, log: log, started: map[string]*camera{}}
	_, err := r.Apply(config)
	return r, err
}

// Run keeps the cameras connected and makes their pictures until ctx is done. Everything has ended when it returns. It is
// called once.
func (r *Registry) Run(ctx context.Context) {
	r.mu.Lock()
	r.ctx = ctx
	r.start(r.cameras)
	r.mu.Unlock()
	r.running.Go(func() { r.keepHistory(ctx) })
	<-ctx.Done()
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.running.Wait()
}

// start runs cameras, each as soon as the previous one with its id has ended: many cameras allow only one or two
// connections. r.mu is held.
func (r *Registry) start(cameras []*camera) {
	maps.DeleteFunc(r.started, func(_ string, c *camera) bool { return isClosed(c.done) })
	ctx := r.ctx
	for _, c := range cameras {
		previous := r.started[c.conf.ID]
		r.started[c.conf.ID] = c
		r.running.Go(func() {
			if previous != nil {
				<-previous.done
			}
			c.run(ctx)
		})
	}
}

// Cameras returns the status of all cameras in the order of the configuration.
func (r *Registry) Cameras() []Status {
	r.mu.Lock()
	cameras := r.cameras // replaced as a whole, never changed
	r.mu.Unlock()
	all := make([]Status, len(cameras))
	for i, c := range cameras {
		all[i] = c.status()
	}
	return all
}

// Camera returns the status of one camera. The error is ErrUnknown.
func (r *Registry) Camera(id string) (Status, error) {
	c, err := r.find(id)
	if err != nil {
		return Status{}, err
	}
	return c.status(), nil
}

// find returns a camera by its id. The error is ErrUnknown.
func (r *Registry) find(id string) (*camera, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.byID[id]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrUnknown, id)
	}
	return c, nil
}

// Watch returns a view of the rendition of a camera that request resolves to, as soon as it has a frame. It connects the
// camera and starts the picture if necessary. The frame of a camera that is known to be away is a placeholder; if the camera
// was never seen, or its configuration has no placeholders, Watch fails immediately. The error is ErrUnknown, ErrDisabled,
// ErrFull, ErrPixels, ErrRemoved, ErrClosing, a TooManyError, ctx's, or why the camera gives no picture.
func (r *Registry) Watch(ctx context.Context, id string, request frame.Request) (*View, error) {
	for {
		c, err := r.find(id)
		if err != nil {
			return nil, err
		}
		v, err := c.watch(ctx, request.WithDefaults(c.defaultRequest()))
		if !errors.Is(err, ErrReplaced) {
			return v, err
		}
	}
}

// Snapshot returns one picture of a camera, at most maxAge old unless the camera itself is slower. The picture comes from a
// rendition that is being made, or else from one decode of what the camera has sent since its last keyframe, which is shared
// by all simultaneous requests. stale reports that the camera is away and that the picture is one of its last. The rate of
// the request is ignored. The errors are those of Watch.
func (r *Registry) Snapshot(ctx context.Context, id string, request frame.Request, maxAge time.Duration) (f *frame.Frame, stale bool, err error) {
	for {
		c, err := r.find(id)
		if err != nil {
			return nil, false, err
		}
		f, stale, err = c.snapshots.take(ctx, request, maxAge)
		if !errors.Is(err, ErrReplaced) {
			return f, stale, err
		}
	}
}

// Errors that callers distinguish. Other errors are those of the camera: see frame.CameraError.
var (
	ErrUnknown  = errors.New("no such camera")
	ErrDisabled = errors.New("the camera is disabled")
	ErrFull     = errors.New("too many viewers")
	ErrReplaced = errors.New("the camera's configuration has changed") // the viewer may watch again
	ErrRemoved  = errors.New("the camera was removed from the configuration")
	ErrClosing  = errors.New("framegate is shutting down")
)

// TooManyError means that no further rendition of a camera can be made now.
type TooManyError struct{ Limit int }

func (e *TooManyError) Error() string {
	return fmt.Sprintf("too many different pictures: the camera already makes %d, the limit set by max_renditions", e.Limit)
}
