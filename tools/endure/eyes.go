package main

import (
	"bytes"
	"hash/maphash"
	"image"
	"image/jpeg"
	"sync"

	"framegate/internal/testcam/mark"
	"framegate/internal/viewer"
)

// eyes read the marks of pictures, each picture once: all viewers of a rendition get the same bytes, and to decode
// them for each would cost more than framegate does. Its methods may be called from any goroutine.
type eyes struct {
	seed maphash.Seed

	mu          sync.Mutex
	recent, old map[uint64]*sight // by the hash of the picture
}

// sight is what a picture shows.
type sight struct {
	once   sync.Once
	size   image.Point
	marked bool
	camera int
	frame  int
	broken error
}

// recall is how many pictures are remembered at least.
const recall = 1000

func newEyes() *eyes {
	return &eyes{seed: maphash.MakeSeed(), recent: map[uint64]*sight{}}
}

// look tells what a viewer sees.
func (e *eyes) look(p viewer.Picture) seen {
	s := e.remember(maphash.Bytes(e.seed, p.JPEG))
	s.once.Do(func() { s.read(p.JPEG) })
	return seen{picture: p.JPEG, read: p.Read, received: p.Received, size: s.size, marked: s.marked, camera: s.camera, frame: s.frame, broken: s.broken}
}

// remember returns what is known of a picture, or room for it.
func (e *eyes) remember(hash uint64) *sight {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.recent[hash]; s != nil {
		return s
	}
	if len(e.recent) >= recall {
		e.recent, e.old = map[uint64]*sight{}, e.recent
	}
	s := e.old[hash]
	if s == nil {
		s = &sight{}
	}
	e.recent[hash] = s
	return s
}

func (s *sight) read(picture []byte) {
	img, err := jpeg.Decode(bytes.NewReader(picture))
	if err != nil {
		s.broken = err
		return
	}
	s.size = img.Bounds().Size()
	if s.camera, s.frame, err = mark.Read(img); err == nil {
		s.marked = true
	}
}
