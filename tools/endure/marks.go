package main

import (
	"bytes"
	"hash/maphash"
	"image"
	"image/jpeg"
	"sync"

	"github.com/framegate/framegate/internal/testcam/mark"
	"github.com/framegate/framegate/internal/viewer"
	"github.com/framegate/framegate/tools/endure/check"
)

// markReader reads the marks of pictures, each picture once: all viewers of a rendition get the same bytes, and decoding
// them for each viewer would cost more than framegate does. Its methods may be called from any goroutine.
type markReader struct {
	seed maphash.Seed

	mu          sync.Mutex           // guards the fields below
	recent, old map[uint64]*contents // by the hash of the picture
}

// contents is what a picture shows.
type contents struct {
	once   sync.Once
	size   image.Point
	marked bool
	camera int
	frame  int
	broken error
}

// minRemembered is how many pictures are remembered at least.
const minRemembered = 1000

func newMarkReader() *markReader {
	return &markReader{seed: maphash.MakeSeed(), recent: map[uint64]*contents{}}
}

// read returns what a viewer sees.
func (r *markReader) read(p viewer.Picture) check.Part {
	c := r.remember(maphash.Bytes(r.seed, p.JPEG))
	c.once.Do(func() { c.decode(p.JPEG) })
	return check.Part{
		Picture: p.JPEG, Read: p.Read, Received: p.Received,
		Size: c.size, Marked: c.marked, Camera: c.camera, Frame: c.frame, Broken: c.broken,
	}
}

// remember returns what is known of a picture, or room for it.
func (r *markReader) remember(hash uint64) *contents {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.recent[hash]; c != nil {
		return c
	}
	if len(r.recent) >= minRemembered {
		r.recent, r.old = map[uint64]*contents{}, r.recent
	}
	c := r.old[hash]
	if c == nil {
		c = &contents{}
	}
	r.recent[hash] = c
	return c
}

func (c *contents) decode(picture []byte) {
	img, err := jpeg.Decode(bytes.NewReader(picture))
	if err != nil {
		c.broken = err
		return
	}
	c.size = img.Bounds().Size()
	if c.camera, c.frame, err = mark.Read(img); err == nil {
		c.marked = true
	}
}
