package testcam

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/framegate/framegate/internal/testcam/loop"

	"github.com/pion/rtp"
)

// sendVideo sends the loop over and over, each frame at its time on an absolute schedule, until ctx is done.
func (p *path) sendVideo(ctx context.Context) {
	if p.camera.AudioOnly {
		return
	}
	spec := p.camera.spec()
	i := 0 // index in the loop
	for tick := range ticks(ctx, spec.Time) {
		p.mu.Lock()
		if p.halved { // the half was sent a frame ago and has left the queues of gortsplib
			p.halved = false
			p.mu.Unlock()
			p.disconnect() // connections still close when it returns: this frame is left out
			i++
			continue
		}
		if p.next != nil && i%p.loop.Interval == 0 {
			p.loop, p.next, i = p.next, nil, 0
		}
		if i >= len(p.loop.Frames) {
			i = 0
		}
		huge, timestamp := p.huge, p.timestamp(i, tick)
		p.huge = nil
		if huge == nil {
			p.sendFrame(i, timestamp)
		}
		p.mu.Unlock()
		if huge != nil {
			p.sendHuge(ctx, huge, timestamp)
		}
		i++
	}
}

// ticks yields 0, 1, 2 … until ctx is done, each at its time since the first.
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

const videoClock = 90000 // Hz (RFC 3551, section 5)

// timestamp is the RTP time of a frame of the loop. p.mu is held.
func (p *path) timestamp(i, tick int) uint32 {
	// The time is that of presentation: a B-frame is sent after a frame that is shown later.
	shown := tick + p.loop.Frames[i].Number - i
	now := p.clock + uint32(int64(shown)*videoClock/int64(p.loop.FPS))
	if p.fault.since == nil {
		p.fault.since = &now
	}
	switch p.fault.kind {
	case Freeze:
		return *p.fault.since
	case Backwards:
		return *p.fault.since - (now - *p.fault.since)
	}
	return now
}

// sendFrame sends one frame, unless the camera is stalled. p.mu is held.
func (p *path) sendFrame(i int, timestamp uint32) {
	if p.fault.kind == Stall {
		return
	}
	frame := p.loop.Frames[i]
	p.sent[frame.Number].add(time.Now()) // also if only a part of it is sent, which may be shown
	if p.halved = p.cut && len(frame.Packets) > 1; p.halved {
		p.cut = false
		half := len(frame.Packets) / 2
		p.write(frame.Packets[:half], timestamp)
		p.sequence += uint16(len(frame.Packets) - half)
		return
	}
	if p.fault.kind == Corrupt && rand.Float64() < p.fault.rate {
		switch p.fault.how {
		case Reorder:
			if p.held == nil {
				p.held = func() { p.send(frame, timestamp) }
				return
			}
		case WrongCodec:
			frame = p.fault.other.Frames[i%len(p.fault.other.Frames)]
		case Truncate:
			frame = truncated(frame)
		case Lose:
			p.write(frame.Packets[:len(frame.Packets)-1], timestamp)
			p.sequence++
			return
		default:
			frame = flipped(frame)
		}
	}
	p.send(frame, timestamp)
	if p.held != nil {
		p.held()
		p.held = nil
	}
}

// send sends a frame to all who play the camera. p.mu is held, since gortsplib only queues the packets.
func (p *path) send(frame loop.Frame, timestamp uint32) {
	p.write(frame.Packets, timestamp)
	p.newest = frame.Unit
	close(p.arrived)
	p.arrived = make(chan struct{})
}

// write sends packets with the stream's own sequence numbers. p.mu is held.
func (p *path) write(packets []*rtp.Packet, timestamp uint32) {
	for _, packet := range packets {
		out := &rtp.Packet{Header: packet.Header, Payload: packet.Payload}
		out.Timestamp, out.SequenceNumber, out.PayloadType = timestamp, p.sequence, p.loop.Format.PayloadType()
		p.sequence++
		p.stream.WritePacketRTP(p.video, out)
	}
}
