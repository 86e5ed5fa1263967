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
		if p.halved { // and the half has left the queues of gortsplib
			p.halved = false
			p.mu.Unlock()
			p.disconnect() // which goes on when it returns: this frame is left out
			i++
			continue
		}
		if p.next != nil && i%p.loop.interval == 0 {
			p.loop, p.next, i = p.next, nil, 0
		}
		if i >= len(p.loop.frames) {
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

const videoClock = 90000 // Hz (RFC 3551, section 5)

// timestamp is the RTP time of a frame of the loop. p.mu is held.
func (p *path) timestamp(i, tick int) uint32 {
	// B-frames are sent after the frame that they are shown before: the time is that of showing.
	shown := tick + p.loop.frames[i].number - i
	now := p.clock + uint32(int64(shown)*videoClock/int64(p.loop.fps))
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
	frame := p.loop.frames[i]
	if p.halved = p.cut && len(frame.packets) > 1; p.halved {
		p.cut = false
		half := len(frame.packets) / 2
		p.write(frame.packets[:half], timestamp)
		p.sequence += uint16(len(frame.packets) - half)
		return
	}
	p.sent[frame.number].add(time.Now())
	if p.fault.kind == Corrupt && rand.Float64() < p.fault.rate {
		switch p.fault.how {
		case Reorder:
			if p.held == nil {
				p.held = func() { p.send(frame, timestamp) }
				return
			}
		case WrongCodec:
			frame = p.fault.other.frames[i%len(p.fault.other.frames)]
		case Truncate:
			frame = frame.truncated()
		case Lose:
			p.write(frame.packets[:len(frame.packets)-1], timestamp)
			p.sequence++
			return
		default:
			frame = frame.flipped()
		}
	}
	p.send(frame, timestamp)
	if p.held != nil {
		p.held()
		p.held = nil
	}
}

// send sends a frame to all who play the camera. p.mu is held: gortsplib only queues the packets.
func (p *path) send(frame loopFrame, timestamp uint32) {
	p.write(frame.packets, timestamp)
	p.newest = frame.unit
	close(p.arrived)
	p.arrived = make(chan struct{})
}

// write sends packets with the stream's own sequence numbers. p.mu is held.
func (p *path) write(packets []*rtp.Packet, timestamp uint32) {
	for _, packet := range packets {
		out := &rtp.Packet{Header: packet.Header, Payload: packet.Payload}
		out.Timestamp, out.SequenceNumber, out.PayloadType = timestamp, p.sequence, p.loop.format.PayloadType()
		p.sequence++
		p.stream.WritePacketRTP(p.video, out)
	}
}

// truncated is the frame without its second half.
func (f loopFrame) truncated() loopFrame {
	f.unit = f.unit[:len(f.unit)/2]
	f.packets = slices.Clone(f.packets[:(len(f.packets)+1)/2])
	last := *f.packets[len(f.packets)-1]
	last.Payload, last.Marker = last.Payload[:(len(last.Payload)+1)/2], true
	f.packets[len(f.packets)-1] = &last
	return f
}

// flipped is the frame with some bytes flipped in its last packet: that is full of coded picture, where the first may
// be no more than parameters.
func (f loopFrame) flipped() loopFrame {
	f.unit = damage(f.unit)
	f.packets = slices.Clone(f.packets)
	last := *f.packets[len(f.packets)-1]
	last.Payload = damage(last.Payload)
	f.packets[len(f.packets)-1] = &last
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
