package testcam

import (
	"fmt"
	"math/rand/v2"
	"net"
	"time"
)

// Network is what a bad network does to the packets that cameras send over UDP. The zero Network does nothing.
type Network struct {
	Loss   float64       // the part of the packets that is lost, 0 to 1
	Jitter time.Duration // each packet is late by a random time up to this, so packets overtake each other
}

// check reports values out of range.
func (n Network) check() error {
	if n.Loss < 0 || n.Loss > 1 || n.Jitter < 0 {
		return fmt.Errorf("a network that loses %v of the packets and delays them by %v: want 0 to 1, and no negative time", n.Loss, n.Jitter)
	}
	return nil
}

// badSocket is a socket whose packets cross a bad network.
type badSocket struct {
	*net.UDPConn
	network Network
}

// WriteTo sends a packet, or loses it, now or later. It never fails for a packet that is late.
func (s *badSocket) WriteTo(packet []byte, to net.Addr) (int, error) {
	if rand.Float64() < s.network.Loss {
		return len(packet), nil
	}
	if s.network.Jitter == 0 {
		return s.UDPConn.WriteTo(packet, to)
	}
	late := append([]byte(nil), packet...)
	time.AfterFunc(rand.N(s.network.Jitter), func() { s.UDPConn.WriteTo(late, to) })
	return len(packet), nil
}
