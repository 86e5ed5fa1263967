package testcam

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

// library keeps every loop that was encoded, so that cameras that agree in their picture share one, and a
// camera that heals has its own back at once. Its methods may be called from any goroutine.
type library struct {
	dir     string // where loops are kept beyond the process; empty for nowhere
	mu      sync.Mutex
	entries map[picture]*entry
}

// entry is a loop that is being encoded until done is closed.
type entry struct {
	done chan struct{}
	loop *loop
	err  error
}

// encoders bounds how many loops are encoded at a time: an encoder's own threads fill a small machine.
var encoders = make(chan struct{}, 4)

// get returns the loop of a picture. The first who asks encodes it, the others wait for that; a failure is
// not kept.
func (l *library) get(ctx context.Context, p picture) (*loop, error) {
	l.mu.Lock()
	e, known := l.entries[p]
	if !known {
		e = &entry{done: make(chan struct{})}
		if l.entries == nil {
			l.entries = map[picture]*entry{}
		}
		l.entries[p] = e
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
	e.loop, e.err = l.make(ctx, p)
	<-encoders
	if e.err != nil {
		l.mu.Lock()
		delete(l.entries, p)
		l.mu.Unlock()
	}
	close(e.done)
	return e.loop, e.err
}

// make takes a loop from the folder, or encodes it and leaves it there.
func (l *library) make(ctx context.Context, p picture) (*loop, error) {
	if l.dir == "" {
		return encode(ctx, p)
	}
	path := l.path(p)
	kept, err := readUnits(path)
	if err == nil {
		return newLoop(p, kept)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	made, err := encode(ctx, p)
	if err != nil {
		return nil, err
	}
	return made, writeUnits(path, made.frames)
}

// path is where a loop is kept: its name is made of all that it depends on.
func (l *library) path(p picture) string {
	sum := fnv.New64a()
	fmt.Fprintf(sum, "%+v", p)
	return filepath.Join(l.dir, fmt.Sprintf("%s-%dx%d-%x.loop", p.codec, p.width, p.height, sum.Sum64()))
}

// keptUnit is a loopFrame in a file. Its packets are made anew.
type keptUnit struct {
	Number int
	Unit   []byte
}

func readUnits(path string) (units []loopFrame, err error) {
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
		units = append(units, loopFrame{number: u.Number, unit: u.Unit})
	}
	return units, nil
}

func writeUnits(path string, units []loopFrame) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	var kept []keptUnit
	for _, u := range units {
		kept = append(kept, keptUnit{u.number, u.unit})
	}
	return errors.Join(gob.NewEncoder(file).Encode(kept), file.Close())
}
