package configs

import (
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// settleTime is how long the folder must have been quiet before a change is read, since an editor writes in several
	// steps; but no longer than patience after the first step.
	settleTime = 200 * time.Millisecond
	patience   = 2 * time.Second
	// lookInterval is how often the files are compared without being told of a change, as on file systems of a network.
	lookInterval = 5 * time.Second
)

// Watch calls load whenever one of the files has changed that a configuration was made of, or nudge gets a value; until
// ctx is done. load returns the configuration, or nil where it is wrong: then every change around it counts, since it may
// be what is missing. It is called on Watch's goroutine.
//
// A file may be written in place, replaced, or be a symbolic link that is changed, as Kubernetes does: what counts is its
// content.
func Watch(ctx context.Context, config *Config, nudge <-chan os.Signal, load func() *Config) {
	w := &watch{files: config.Files}
	if notify, err := fsnotify.NewWatcher(); err == nil { // without, there is lookInterval
		defer notify.Close()
		w.notify, w.events, w.errors = notify, notify.Events, notify.Errors
	}
	w.follow()
	w.read(load, true) // what has changed since config was read
	look := time.NewTicker(lookInterval)
	defer look.Stop()
	settled := time.NewTimer(0)
	<-settled.C
	var first time.Time // of the changes that are not read yet
	for {
		select {
		case <-ctx.Done():
			return
		case <-nudge:
			w.read(load, true)
			continue
		case <-look.C:
			if !w.wrong && w.sum() == w.seen {
				continue
			}
		case <-settled.C:
			first = time.Time{}
			w.read(load, w.wrong)
			continue
		case <-w.events:
		case <-w.errors: // such as more changes than fit into the kernel's queue
		}
		if first.IsZero() {
			first = time.Now()
		}
		settled.Reset(max(0, min(settleTime, time.Until(first.Add(patience)))))
	}
}

// watch is the state of Watch.
type watch struct {
	files  []string
	seen   [sha256.Size]byte // of the files' contents when they were read last
	wrong  bool              // what was read then
	notify *fsnotify.Watcher
	events chan fsnotify.Event
	errors chan error
}

// read loads the configuration where a file has changed, or in any case.
func (w *watch) read(load func() *Config, inAnyCase bool) {
	now := w.sum()
	if now == w.seen && !inAnyCase {
		return
	}
	config := load()
	w.seen, w.wrong = now, config == nil
	if config != nil {
		w.files = config.Files
		w.follow()
	}
}

// sum is the same as long as no file has changed.
func (w *watch) sum() (sum [sha256.Size]byte) {
	all := sha256.New()
	for _, file := range w.files {
		content, err := os.ReadFile(file)
		one := sha256.Sum256(content)
		all.Write(one[:])
		if err != nil {
			all.Write([]byte(err.Error()))
		}
	}
	all.Sum(sum[:0])
	return sum
}

// follow watches the folders of the files, and those in which symbolic links end. Folders are watched, not files, since
// a file that is replaced takes its watch with it.
func (w *watch) follow() {
	if w.notify == nil {
		return
	}
	for _, file := range w.files {
		w.notify.Add(filepath.Dir(file)) // what cannot be watched is looked at
		if end, err := filepath.EvalSymlinks(file); err == nil {
			w.notify.Add(filepath.Dir(end))
		}
	}
}
