package testcam

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/pion/rtp"
)

// sendVideo sends the loop over and over, each frame at its time on an absolute schedule, until ctx is done.
func (p *path) sendVideo(ctx context.Context) {
	if p.camera.AudioOnly {
		return
	}
	rate := p.camera.picture()
	i := 0 // place in the loop
	for tick := range ticks(ctx, rate.time) {
		p.mu.Lock()
		if p.next != nil && i%p.loop.interval == 0 {
			p.loop, p.next, i = p.next, nil, 0
		}
		if i >= len(p.loop.frames) {
			i = 0
		}
		p.sendFrame(i, tick)
		p.mu.Unlock()
		i++
	}
}

// ticks yields 0, 1, 2 … each at its time since the beginning, until ctx is done.
func ticks(ctx context.Context, at func(tick int) time.Duration) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		began := time.Now()
		timer := time.NewTimer(0)
		defer timer.Stop()
		for tick := 0; ; tick++ {
			timer.Reset(time.Until(began.Add(at(tick))))
			select {
			case <-timer.C:
			case <-ctx.Done():
				return
			}
			if !yield(tick) {
				return
			}
		}
	}
}

// sendFrame sends one frame, unless the camera is stalled. p.mu is held: gortsplib only queues the packets.
func (p *path) sendFrame(i, tick int) {
	if p.fault.kind == Stall {
		return
	}
	const videoClock = 90000 // Hz (RFC 3551, section 5)
	frame := p.loop.frames[i]
	// B-frames are sent after the frame that they are shown before: the time is that of showing.
	shown := tick + frame.number - i
	timestamp := p.clock + uint32(int64(shown)*videoClock/int64(p.loop.fps))
	corrupt := p.fault.kind == Corrupt && rand.Float64() < p.fault.rate
	p.sent[frame.number].add(time.Now())
	for n, packet := range frame.packets {
		out := &rtp.Packet{Header: packet.Header, Payload: packet.Payload}
		out.Timestamp, out.SequenceNumber = timestamp, p.sequence
		p.sequence++
		// The last packet is full of coded picture, where the first may be no more than parameters.
		if corrupt && n == len(frame.packets)-1 {
			out.Payload = damage(packet.Payload)
		}
		p.stream.WritePacketRTP(p.video, out)
	}
	p.newest = frame.unit
	if corrupt {
		p.newest = damage(frame.unit)
	}
	close(p.arrived)
	p.arrived = make(chan struct{})
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
