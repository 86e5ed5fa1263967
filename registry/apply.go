package registry

import (
	"fmt"
	"reflect"

	"github.com/framegate/framegate/configs"
)

// Apply makes another configuration the current one. Cameras that it does not change are not disturbed; viewers of a
// camera that has changed get ErrReplaced, and viewers of one that was removed get ErrRemoved. A camera that has changed stays connected
// unless its source has changed or it is connected on demand. After an error nothing has changed.
func (r *Registry) Apply(config *configs.Config) (Change, error) {
	r.applying.Lock()
	defer r.applying.Unlock()
	r.mu.Lock()
	closed, current := r.closed, r.byID
	r.mu.Unlock()
	if closed {
		return Change{}, ErrClosing
	}
	next, err := r.build(config, current)
	if err != nil {
		return Change{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return Change{}, ErrClosing
	}
	r.placeholders.Store(&config.Placeholders)
	r.pixels.limit.Store(int64(config.MaxMegapixels) * million)
	next.change.Removed = r.endCameras(next.byID)
	r.cameras, r.byID = next.cameras, next.byID
	if r.ctx != nil {
		r.start(next.fresh)
	}
	return next.change, nil
}

// Change lists the ids of the cameras that a new configuration has added, changed and removed.
type Change struct{ Added, Changed, Removed []string }

// None reports whether all cameras are as they were.
func (c Change) None() bool { return len(c.Added)+len(c.Changed)+len(c.Removed) == 0 }

// pending is a configuration that is about to become the current one.
type pending struct {
	cameras []*camera          // in the order of the configuration
	byID    map[string]*camera // the same
	fresh   []*camera          // those of them that are new or have changed
	change  Change
}

// build makes the cameras of a configuration that are new or differ from those in current.
func (r *Registry) build(config *configs.Config, current map[string]*camera) (*pending, error) {
	b := &pending{byID: map[string]*camera{}}
	for _, conf := range config.Cameras {
		c := current[conf.ID]
		if c == nil || !reflect.DeepEqual(c.conf, conf) {
			made, err := r.newCamera(conf, c)
			if err != nil {
				return nil, fmt.Errorf("camera %s: %w", conf.ID, err)
			}
			if c == nil {
				b.change.Added = append(b.change.Added, conf.ID)
			} else {
				b.change.Changed = append(b.change.Changed, conf.ID)
			}
			c = made
			b.fresh = append(b.fresh, c)
		}
		b.byID[conf.ID] = c
		b.cameras = append(b.cameras, c)
	}
	return b, nil
}

// endCameras ends the cameras that next replaces or does not have, and returns the ids of the latter. r.mu is held.
func (r *Registry) endCameras(next map[string]*camera) (removed []string) {
	for _, c := range r.cameras {
		switch next[c.conf.ID] {
		case c:
		case nil:
			removed = append(removed, c.conf.ID)
			c.end(ErrRemoved)
		default:
			next[c.conf.ID].remember(c)
			next[c.conf.ID].adopt()
			c.end(ErrReplaced)
		}
	}
	return removed
}
