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
	"time"

	"framegate/configs"
	"framegate/pipeline/frame"
)

// Engine makes the two things that a camera consists of.
type Engine interface {
	NewFeed(configs.Source) (Feed, error)
	NewPicture(Feed, []frame.Output) Picture
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
	ErrClosing  = errors.New("framegate is shutting down")
)

// TooManyError says that no further rendition of a camera can be made now.
type TooManyError struct{ Limit int }

func (e *TooManyError) Error() string {
	return fmt.Sprintf("%d different pictures of this camera are being made already, as many as max_renditions allows", e.Limit)
}

// Registry is the cameras of one configuration. All methods but Run may be called from any goroutine.
type Registry struct {
	cameras []*camera // in the order of the configuration
	byID    map[string]*camera
}

// New returns the registry of a configuration. Nothing is connected before Run.
func New(config *configs.Config, engine Engine, log *slog.Logger) (*Registry, error) {
	r := &Registry{byID: map[string]*camera{}}
	for _, conf := range config.Cameras {
		c, err := newCamera(conf, engine, log.With("camera", conf.ID))
		if err != nil {
			return nil, fmt.Errorf("camera %s: %w", conf.ID, err)
		}
		r.cameras = append(r.cameras, c)
		r.byID[conf.ID] = c
	}
	return r, nil
}

// Run connects the cameras and serves those who watch until ctx is done. Everything has ended when it
// returns.
func (r *Registry) Run(ctx context.Context) {
	var running sync.WaitGroup
	for _, c := range r.cameras {
		running.Go(func() { c.run(ctx) })
	}
	running.Wait()
}

// Cameras is the state of all cameras, in the order of the configuration.
func (r *Registry) Cameras() []Status {
	all := make([]Status, len(r.cameras))
	for i, c := range r.cameras {
		all[i] = c.status()
	}
	return all
}

// Camera is the state of one camera. The error is ErrUnknown.
func (r *Registry) Camera(id string) (Status, error) {
	c, ok := r.byID[id]
	if !ok {
		return Status{}, fmt.Errorf("%w: %s", ErrUnknown, id)
	}
	return c.status(), nil
}

// Watch joins the rendition of a camera that ask resolves to, opens the camera and starts the picture where
// that is needed, and returns when the first frame is there. A camera that is known to be away answers at
// once. The error is ErrUnknown, ErrDisabled, ErrClosing, a TooManyError, ctx's, or says why the camera gives
// no picture.
func (r *Registry) Watch(ctx context.Context, id string, ask frame.Ask) (*View, error) {
	c, ok := r.byID[id]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrUnknown, id)
	}
	return c.watch(ctx, ask)
}

// Snapshot returns one picture of a camera. It is at most maxAge old, unless the camera itself is slower, and
// comes from a rendition that is being made or from one decode of what the camera has sent since its last
// keyframe, shared by all who ask at once. The rate of ask is ignored. The error is that of Watch.
func (r *Registry) Snapshot(ctx context.Context, id string, ask frame.Ask, maxAge time.Duration) (*frame.Frame, error) {
	c, ok := r.byID[id]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrUnknown, id)
	}
	return c.snapshot(ctx, ask, maxAge)
}
