package loop

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Library keeps every loop that was encoded, so that cameras with equal specs share one, and a camera that heals has its
// own back immediately. Its methods may be called from any goroutine.
type Library struct {
	Dir string // where loops are kept beyond the process; empty for none

	mu      sync.Mutex // guards entries, but not what they point to
	entries map[Spec]*entry
}

// entry is a loop, which is being encoded until done is closed.
type entry struct {
	done chan struct{}
	loop *Loop
	err  error
}

// encoders limits how many loops are encoded at a time: an encoder's own threads fill a small machine.
var encoders = make(chan struct{}, 4)

// Get returns the loop of a spec. The first caller encodes it and the others wait for that. A failure is not kept.
func (l *Library) Get(ctx context.Context, s Spec) (*Loop, error) {
	l.mu.Lock()
	e, known := l.entries[s]
	if !known {
		e = &entry{done: make(chan struct{})}
		if l.entries == nil {
			l.entries = map[Spec]*entry{}
		}
		l.entries[s] = e
	}
	l.mu.Unlock()
	if known {
		select {
		case <-e.done:
			return e.loop, e.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	encoders <- struct{}{}
	e.loop, e.err = l.make(ctx, s)
	<-encoders
	if e.err != nil {
		l.mu.Lock()
		delete(l.entries, s)
		l.mu.Unlock()
	}
	close(e.done)
	return e.loop, e.err
}

// make reads a loop from the folder, or encodes it and writes it there.
func (l *Library) make(ctx context.Context, s Spec) (*Loop, error) {
	if l.Dir == "" {
		return encode(ctx, s)
	}
	path := l.path(s)
	kept, err := readUnits(path)
	if err == nil {
		return newLoop(s, kept)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	made, err := encode(ctx, s)
	if err != nil {
		return nil, err
	}
	return made, writeUnits(path, made.Frames)
}

// path is where a loop is kept. Its name depends on the whole spec.
func (l *Library) path(s Spec) string {
	sum := fnv.New64a()
	fmt.Fprintf(sum, "%+v", s)
	return filepath.Join(l.Dir, fmt.Sprintf("%s-%dx%d-%x.loop", s.Codec, s.Width, s.Height, sum.Sum64()))
}

// keptUnit is a Frame in a file, whose packets are made again when it is read.
type keptUnit struct {
	Number int
	Unit   []byte
}

func readUnits(path string) (units []Frame, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var kept []keptUnit
	if err := gob.NewDecoder(file).Decode(&kept); err != nil {
		return nil, err
	}
	for _, u := range kept {
		units = append(units, Frame{Number: u.Number, Unit: u.Unit})
	}
	return units, nil
}

func writeUnits(path string, units []Frame) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	var kept []keptUnit
	for _, u := range units {
		kept = append(kept, keptUnit{u.Number, u.Unit})
	}
	return errors.Join(gob.NewEncoder(file).Encode(kept), file.Close())
}
