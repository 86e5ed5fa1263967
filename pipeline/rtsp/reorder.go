package rtsp

import (
	"time"

	"github.com/pion/rtp"
)

const (
	reorderTime  = 200 * time.Millisecond // how long packets wait for one that is missing
	reorderLimit = 512                    // how many packets wait for one that is missing
	// A number that is further ahead or behind than this is strange (RFC 3550, A.1). A second one that follows it directly means
	// that the camera's sequence numbers begin anew.
	strangeAhead, strangeBehind = 3000, 100
)

// reorder puts packets into the order of their sequence numbers. Packets that are in order pass at once. After a gap they wait
// for what is missing, for reorderTime. Another SSRC begins another series of numbers. It belongs to one goroutine.
type reorder struct {
	deliver func(*rtp.Packet, time.Time)
	began   bool
	ssrc    uint32         // of the series
	before  uint32         // of the one before
	changed time.Time      // when the series began; zero for the first one
	next    uint16         // the sequence number to deliver next
	strange *waitingPacket // the last packet, if its number was strange
	waiting map[uint16]waitingPacket
}

type waitingPacket struct {
	packet  *rtp.Packet
	arrived time.Time
}

// take takes a packet, which is valid during the call only.
func (o *reorder) take(p *rtp.Packet, arrived time.Time) {
	if !o.began {
		o.began, o.ssrc, o.next = true, p.SSRC, p.SequenceNumber
	}
	if p.SSRC != o.ssrc && !o.follow(p, arrived) {
		return
	}
	ahead := int(int16(p.SequenceNumber - o.next))
	switch strange := o.strange; {
	case ahead > strangeAhead || ahead < -strangeBehind:
		if strange == nil || strange.packet.SequenceNumber+1 != p.SequenceNumber {
			o.strange = &waitingPacket{p.Clone(), arrived}
			return
		}
		o.flush()
		o.deliver(strange.packet, strange.arrived)
		o.next, ahead = p.SequenceNumber, 0
	case ahead < 0: // a duplicate, or too late
		return
	}
	o.strange = nil
	if ahead > 0 {
		if o.waiting == nil {
			o.waiting = map[uint16]waitingPacket{}
		}
		o.waiting[p.SequenceNumber] = waitingPacket{p.Clone(), arrived}
		if len(o.waiting) > reorderLimit {
			o.skip()
		}
		o.expire(arrived)
		return
	}
	o.next++
	o.deliver(p, arrived)
	o.drain()
}

// follow begins the series of another SSRC with its first packet. It returns false for a late packet of the series before.
func (o *reorder) follow(p *rtp.Packet, arrived time.Time) bool {
	if p.SequenceNumber != o.next { // else the numbers go on
		if p.SSRC == o.before && arrived.Sub(o.changed) < reorderTime {
			return false
		}
		o.flush()
		o.next = p.SequenceNumber
	}
	o.before, o.ssrc, o.changed, o.strange = o.ssrc, p.SSRC, arrived, nil
	return true
}

// flush gives up what is missing and delivers the packets that wait.
func (o *reorder) flush() {
	for len(o.waiting) > 0 {
		o.skip()
	}
}

// drain delivers the packets that are in order now.
func (o *reorder) drain() {
	for len(o.waiting) > 0 {
		w, ok := o.waiting[o.next]
		if !ok {
			return
		}
		delete(o.waiting, o.next)
		o.next++
		o.deliver(w.packet, w.arrived)
	}
}

// expire gives up packets that have been missing for reorderTime.
func (o *reorder) expire(now time.Time) {
	for limit, ok := o.limit(); ok && !now.Before(limit); limit, ok = o.limit() {
		o.skip()
	}
}

// limit returns when the packets that are missing now are given up. It returns false if no packet waits for them.
func (o *reorder) limit() (time.Time, bool) {
	_, first, ok := o.first()
	return first.arrived.Add(reorderTime), ok
}

// skip gives up what is missing before the first packet that waits, and delivers that one.
func (o *reorder) skip() {
	if number, _, ok := o.first(); ok {
		o.next = number
		o.drain()
	}
}

// first returns the packet with the lowest sequence number among those that wait.
func (o *reorder) first() (number uint16, first waitingPacket, ok bool) {
	for n, w := range o.waiting {
		if !ok || int16(n-o.next) < int16(number-o.next) {
			number, first, ok = n, w, true
		}
	}
	return number, first, ok
}
