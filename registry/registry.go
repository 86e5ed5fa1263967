// Package registry keeps the cameras: it looks them up by id, connects them, starts pictures for those who
// watch and ends them when nobody does. It knows nothing of HTTP, and of GStreamer only what the small
// interfaces of Engine ask for.
package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"framegate/configs"
	"framegate/pipeline/frame"
)

// Registry is the cameras of the present configuration. All methods but Run may be called from any goroutine.
type Registry struct {
	engine       Engine
	log          *slog.Logger
	placeholders atomic.Pointer[configs.Placeholders]

	applying sync.Mutex // serialises Apply

	mu      sync.Mutex         // guards what follows
	cameras []*camera          // in the order of the configuration
	byID    map[string]*camera // the same
	last    map[string]*camera // of each id that ever was: many a camera gives no more than one or two streams at a time
	life    context.Context    // of Run; nil before it
	closed  bool               // no camera begins any more
	running sync.WaitGroup
}

// New returns the registry of a configuration. Nothing is connected before Run.
func New(config *configs.Config, engine Engine, log *slog.Logger) (*Registry, error) {
	r := &Registry{engine: engine, log: log, last: map[string]*camera{}}
	_, err := r.Apply(config)
	return r, err
}

// Run connects the cameras and serves those who watch until ctx is done. Everything has ended when it
// returns. It is called once.
func (r *Registry) Run(ctx context.Context) {
	r.mu.Lock()
	r.life = ctx
	for _, c := range r.cameras {
		c.before = nil // what was replaced before has never run
	}
	r.start(r.cameras)
	r.mu.Unlock()
	<-ctx.Done()
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.running.Wait()
}

// start begins the lives of cameras, each when the one before it has ended. r.mu is held.
func (r *Registry) start(cameras []*camera) {
	for _, c := range cameras {
		r.running.Go(func() {
			if c.before != nil {
				<-c.before
			}
			c.run(r.life)
		})
	}
}

// Cameras is the state of all cameras, in the order of the configuration.
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

// find looks a camera up. The error is ErrUnknown.
func (r *Registry) find(id string) (*camera, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.byID[id]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrUnknown, id)
	}
	return c, nil
}

// Camera is the state of one camera. The error is ErrUnknown.
func (r *Registry) Camera(id string) (Status, error) {
	c, err := r.find(id)
	if err != nil {
		return Status{}, err
	}
	return c.status(), nil
}

// Watch joins the rendition of a camera that ask resolves to, opens the camera and starts the picture where
// that is needed, and returns when the first frame is there. A camera that is known to be away answers at
// once: with a card, or with an error where it was never seen or wants no cards. The error is ErrUnknown, ErrDisabled,
// ErrFull, ErrRemoved, ErrClosing, a TooManyError, ctx's, or says why the camera gives no picture.
func (r *Registry) Watch(ctx context.Context, id string, ask frame.Ask) (*View, error) {
	for {
		c, err := r.find(id)
		if err != nil {
			return nil, err
		}
		v, err := c.watch(ctx, ask.Or(c.ask()))
		if !errors.Is(err, ErrReplaced) {
			return v, err
		}
	}
}

// Snapshot returns one picture of a camera. It is at most maxAge old, unless the camera itself is slower, and
// comes from a rendition that is being made or from one decode of what the camera has sent since its last
// keyframe, shared by all who ask at once. stale tells that the camera is away and the picture one of its last. The rate
// of ask is ignored. The error is that of Watch.
func (r *Registry) Snapshot(ctx context.Context, id string, ask frame.Ask, maxAge time.Duration) (f *frame.Frame, stale bool, err error) {
	for {
		c, err := r.find(id)
		if err != nil {
			return nil, false, err
		}
		f, stale, err = c.snapshots.take(ctx, ask, maxAge)
		if !errors.Is(err, ErrReplaced) {
			return f, stale, err
		}
	}
}
