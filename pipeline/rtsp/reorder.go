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
// for what is missing, for reorderTime. It belongs to one goroutine.
type reorder struct {
	deliver func(*rtp.Packet, time.Time)
	began   bool
	next    uint16 // the sequence number to deliver next
	strange int    // the number that follows the last one if that was strange; else -1
	waiting map[uint16]waitingPacket
}

type waitingPacket struct {
	packet  *rtp.Packet
	arrived time.Time
}

// take takes a packet, which is valid during the call only.
func (o *reorder) take(p *rtp.Packet, arrived time.Time) {
	ahead := int(int16(p.SequenceNumber - o.next))
	switch {
	case !o.began:
		o.began, o.next, o.strange, ahead = true, p.SequenceNumber, -1, 0
	case ahead > strangeAhead || ahead < -strangeBehind:
		if o.strange != int(p.SequenceNumber) {
			o.strange = int(p.SequenceNumber + 1)
			return
		}
		clear(o.waiting)
		o.next, ahead = p.SequenceNumber, 0
	case ahead < 0: // a duplicate, or too late
		return
	}
	o.strange = -1
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
