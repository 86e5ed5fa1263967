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
	// settleTime is how long a folder must be without changes before the files are read: editors write in several steps.
	settleTime = 200 * time.Millisecond
	// settleLimit is how long a change waits for this at most.
	settleLimit = 2 * time.Second
	// pollInterval is how often the files are compared without a notification: network file systems send none.
	pollInterval = 5 * time.Second
)

// Watch calls load at once, whenever a file of the configuration has changed, and for each value of now, until ctx is done. load returns
// the new configuration, or nil if it has faults. After nil, load is called for every change in the folders of the files, and every
// pollInterval, because a file that was missing may be there. load is called on Watch's goroutine.
//
// Only the content of the files counts. They may be written in place or replaced, or be symbolic links that change, as in Kubernetes.
func Watch(ctx context.Context, config *Config, now <-chan os.Signal, load func() *Config) {
	w := &watch{files: config.Files}
	if notify, err := fsnotify.NewWatcher(); err == nil { // without one, changes are found every pollInterval
		defer notify.Close()
		w.notify, w.events, w.errors = notify, notify.Events, notify.Errors
	}
	w.addFolders()
	w.read(load, true) // the file may have changed since config was loaded
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	settled := time.NewTimer(0)
	<-settled.C
	var first time.Time // when the first change came that has not been read
	for {
		select {
		case <-ctx.Done():
			return
		case <-now:
			w.read(load, true)
			continue
		case <-poll.C:
			if !w.wrong && w.sum() == w.seen {
				continue
			}
		case <-settled.C:
			first = time.Time{}
			w.read(load, w.wrong)
			continue
		case <-w.events:
		case <-w.errors: // such as an overflow of the kernel's queue
		}
		if first.IsZero() {
			first = time.Now()
		}
		settled.Reset(max(0, min(settleTime, time.Until(first.Add(settleLimit)))))
	}
}

// watch is the state of Watch.
type watch struct {
	files  []string
	seen   [sha256.Size]byte // sum of the files when they were last read
	wrong  bool              // whether load returned nil then
	notify *fsnotify.Watcher
	events chan fsnotify.Event
	errors chan error
}

// read calls load if a file has changed, or if always is true.
func (w *watch) read(load func() *Config, always bool) {
	sum := w.sum()
	if sum == w.seen && !always {
		return
	}
	config := load()
	w.seen, w.wrong = sum, config == nil
	if config != nil {
		w.files = config.Files
		w.addFolders()
	}
}

// sum returns a checksum of all files.
func (w *watch) sum() (sum [sha256.Size]byte) {
	all := sha256.New()
	for _, file := range w.files {
		content, err := ReadBounded(file, maxFont)
		one := sha256.Sum256(content)
		all.Write(one[:])
		if err != nil {
			all.Write([]byte(err.Error()))
		}
	}
	all.Sum(sum[:0])
	return sum
}

// addFolders watches the folders of the files, and of the files that symbolic links lead to. It does not watch the files themselves: the
// watch of a file ends when the file is replaced.
func (w *watch) addFolders() {
	if w.notify == nil {
		return
	}
	for _, file := range w.files {
		w.notify.Add(filepath.Dir(file)) // an error leaves the file to pollInterval
		if end, err := filepath.EvalSymlinks(file); err == nil {
			w.notify.Add(filepath.Dir(end))
		}
	}
}
