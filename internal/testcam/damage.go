package testcam

import (
	"math/rand/v2"
	"slices"

	"github.com/framegate/framegate/internal/testcam/loop"
)

// truncated is a frame without its second half.
func truncated(f loop.Frame) loop.Frame {
	f.Unit = f.Unit[:len(f.Unit)/2]
	f.Packets = slices.Clone(f.Packets[:(len(f.Packets)+1)/2])
	last := *f.Packets[len(f.Packets)-1]
	last.Payload, last.Marker = last.Payload[:(len(last.Payload)+1)/2], true
	f.Packets[len(f.Packets)-1] = &last
	return f
}

// flipped is a frame with some bytes flipped in its last packet, which holds coded picture: the first one may hold only
// parameters.
func flipped(f loop.Frame) loop.Frame {
	f.Unit = damage(f.Unit)
	f.Packets = slices.Clone(f.Packets)
	last := *f.Packets[len(f.Packets)-1]
	last.Payload = damage(last.Payload)
	f.Packets[len(f.Packets)-1] = &last
	return f
}

// damage returns a copy with some bytes flipped behind the header of the payload format or the file.
func damage(data []byte) []byte {
	broken := slices.Clone(data)
	header := min(24, len(broken)/2) // of the payload formats in use; a small unit is half of it
	for range 4 + len(broken)/200 {
		if n := len(broken) - header; n > 0 {
			broken[header+rand.IntN(n)] ^= byte(1 + rand.IntN(255))
		}
	}
	return broken
}
