package plan

import (
	"fmt"
	"math"

	"github.com/framegate/framegate/pipeline/frame"
)

// Claim is the memory of one decoder in software. It is counted before the decoder takes it, so that several large ones do not take more
// together than the process may: a camera can make a decoder take a gigabyte within a second. It belongs to one Picture, whose
// goroutines may all use it.
type Claim struct {
	machine *Machine // nil for a decoder that is not counted
	held    int64    // bytes that the decoder takes in all. The machine's mutex guards this and the next field.
	pending int64    // those that it may not have taken yet
	begin   int      // how many pictures the decoder had given when it began to take what is pending; -1 if that is not known yet
}

// largeShare is the part of the memory of the process from which on a decoder is counted. Smaller ones always begin: when they take too
// much together, cameras are suspended.
const largeShare = 8

// maxKept is how many pictures a decoder gives before it has taken its memory: no standard lets it keep more.
const maxKept = 32

// Claim returns the claim of a decoder that a candidate is to use. End must follow. The memory of a device is not counted.
func (f *Fallback) Claim(c Candidate) *Claim {
	if c.platform != software {
		return &Claim{}
	}
	return &Claim{machine: f.machine}
}

// Grow counts that the decoder takes so many bytes in all. If that is more than is left, nothing changes, and the error is a
// frame.CameraError with frame.Memory.
func (c *Claim) Grow(held int64) error {
	m := c.machine
	if m == nil || m.Memory == nil || !c.grows(held) {
		return nil
	}
	limit, taken := m.Memory(held)
	m.mu.Lock()
	defer m.mu.Unlock()
	more := max(0, held-c.held)
	if limit == 0 || held < limit/largeShare {
		more = 0
	}
	if more > 0 && taken+m.claimed+more > limit {
		return &frame.CameraError{Reason: frame.Memory, Text: fmt.Sprintf("a decoder of this video takes about %d MiB, more than max_memory leaves", held>>20)}
	}
	m.claimed += more
	c.held, c.pending = max(c.held, held), c.pending+more
	if more > 0 {
		c.begin = -1
	}
	return nil
}

// grows reports whether a number of bytes is more than is counted.
func (c *Claim) grows(held int64) bool {
	c.machine.mu.Lock()
	defer c.machine.mu.Unlock()
	return held > c.held
}

// Decoded is to be called now and then with how many pictures the decoder has given so far. After enough of them it has taken what was
// counted, which is now part of what the process takes.
func (c *Claim) Decoded(pictures int) {
	if c.machine == nil {
		return
	}
	c.machine.mu.Lock()
	defer c.machine.mu.Unlock()
	if c.begin < 0 {
		c.begin = pictures
	}
	if pictures-c.begin > maxKept {
		c.settle()
	}
}

// End ends the claim, after which Grow does nothing. The decoder is freed, or hangs and takes no more.
func (c *Claim) End() {
	if c.machine == nil {
		return
	}
	c.machine.mu.Lock()
	defer c.machine.mu.Unlock()
	c.settle()
	c.held = math.MaxInt64
}

// settle ends the count of what is pending. The machine's mutex is held.
func (c *Claim) settle() {
	c.machine.claimed -= c.pending
	c.pending = 0
}
