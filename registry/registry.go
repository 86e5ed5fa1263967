// Package registry keeps the cameras: it looks them up by id, connects them, starts pictures for those who
// watch and ends them when nobody does. It knows nothing of HTTP, and of GStreamer only what the small
// interfaces of Engine ask for.
package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"framegate/configs"
	"framegate/pipeline/frame"
)

// Engine makes the connections to cameras.
type Engine interface {
	NewFeed(configs.Source) (Feed, error)
}

// Feed is a camera's connection.
type Feed interface {
	// Run connects and reads until the connection ends or ctx is done, and says why. It calls onStream
	// when the camera begins to send and whenever it sends something else; onStream does not block.
	Run(ctx context.Context, onStream func(frame.Stream)) error
	// Stream is what the camera sends, zero while it is not connected.
	Stream() frame.Stream
	// Broken is the number of units that were dropped because nothing can be made of them.
	Broken() uint64
	// Plan names what pictures of it are best made by now, and PlanChange gives a channel that is closed when that may
	// be another one. Falls tells which plans have failed.
	Plan() string
	PlanChange() <-chan struct{}
	Falls() []frame.Fall
	// LastUnit is when the camera last sent something, in this connection or the last.
	LastUnit() time.Time
	// NewPicture returns a picture that is made from the feed. It has at least one output and is not running yet.
	NewPicture(outputs []frame.Output) Picture
}

// Picture decodes a feed and fills slots.
type Picture interface {
	// Run makes frames until ctx is done or it fails, and says why: with a frame.PlanError where another picture
	// would work at once.
	Run(ctx context.Context) error
	// CaughtUp is closed when every output is as new as the camera.
	CaughtUp() <-chan struct{}
	Plan() frame.Plan
}

// Errors that callers tell apart. Others are the camera's, see frame.CameraError.
var (
	ErrUnknown  = errors.New("no such camera")
	ErrDisabled = errors.New("the camera is disabled")
	ErrFull     = errors.New("too many watch")
	ErrReplaced = errors.New("the camera's configuration has changed") // whoever watches may watch again
	ErrRemoved  = errors.New("the camera was taken out of the configuration")
	ErrClosing  = errors.New("framegate is shutting down")
)

// TooManyError says that no further rendition of a camera can be made now.
type TooManyError struct{ Limit int }

func (e *TooManyError) Error() string {
	return fmt.Sprintf("%d different pictures of this camera are being made already, as many as max_renditions allows", e.Limit)
}

// Registry is the cameras of the present configuration. All methods but Run may be called from any goroutine.
type Registry struct {
	engine       Engine
	log          *slog.Logger
	placeholders atomic.Pointer[configs.Placeholders]

	mu      sync.Mutex         // of what follows
	cameras []*camera          // in the order of the configuration
	byID    map[string]*camera // the same
	last    map[string]*camera // of each id that ever was: many a camera gives no more than one or two streams at a time
	life    context.Context    // of Run; nil before it
	closed  bool               // no camera begins any more
	running sync.WaitGroup
}

// New returns the registry of a configuration. Nothing is connected before Run.
func New(config *configs.Config, engine Engine, log *slog.Logger) (*Registry, error) {
	r := &Registry{engine: engine, log: log}
	_, err := r.Apply(config)
	return r, err
}

// Change is what a new configuration has changed, by id.
type Change struct{ Added, Changed, Removed []string }

// None reports whether all cameras are as they were.
func (c Change) None() bool { return len(c.Added)+len(c.Changed)+len(c.Removed) == 0 }

// Apply goes over to another configuration. Cameras that are in it as they were go on without notice; those who watch
// one that has changed get ErrReplaced, and of one that is gone ErrRemoved. After an error nothing has changed.
func (r *Registry) Apply(config *configs.Config) (Change, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return Change{}, ErrClosing
	}
	var change Change
	next := map[string]*camera{}
	var order, fresh []*camera
	for _, conf := range config.Cameras {
		c := r.byID[conf.ID]
		if c == nil || !reflect.DeepEqual(c.conf, conf) {
			made, err := newCamera(conf, r.engine, &r.placeholders, r.log.With("camera", conf.ID))
			if err != nil {
				return Change{}, fmt.Errorf("camera %s: %w", conf.ID, err)
			}
			if c == nil {
				change.Added = append(change.Added, conf.ID)
			} else {
				change.Changed = append(change.Changed, conf.ID)
				made.remember(c)
			}
			if last := r.last[conf.ID]; last != nil {
				made.before = last.over
			}
			c = made
			fresh = append(fresh, c)
		}
		next[conf.ID] = c
		order = append(order, c)
	}
	r.placeholders.Store(&config.Placeholders)
	for _, c := range r.cameras {
		switch now := next[c.conf.ID]; now {
		case c:
		case nil:
			change.Removed = append(change.Removed, c.conf.ID)
			c.end(ErrRemoved)
		default:
			c.end(ErrReplaced)
		}
	}
	if r.last == nil {
		r.last = map[string]*camera{}
	}
	maps.DeleteFunc(r.last, func(_ string, c *camera) bool { return isClosed(c.over) })
	maps.Copy(r.last, next)
	r.cameras, r.byID = order, next
	if r.life != nil {
		r.start(fresh)
	}
	return change, nil
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
