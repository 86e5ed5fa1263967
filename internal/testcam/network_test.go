package testcam

import (
	"net"
	"testing"
	"time"
)

// TestBadNetworkLosesAndDelaysPackets but loses none that is only late.
func TestBadNetworkLosesAndDelaysPackets(t *testing.T) {
	listen := func() *net.UDPConn {
		socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { socket.Close() })
		return socket
	}
	from, to := listen(), listen()
	send := func(n Network, number byte) {
		if _, err := (&badSocket{from, n}).WriteTo([]byte{number}, to.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	late := Network{Jitter: 20 * time.Millisecond}
	for number := range byte(20) {
		send(late, number)
		send(Network{Loss: 1}, 100+number)
	}
	arrived := map[byte]bool{}
	for len(arrived) < 20 {
		data := make([]byte, 10)
		to.SetReadDeadline(time.Now().Add(30 * time.Second))
		if _, _, err := to.ReadFromUDP(data); err != nil {
			t.Fatalf("%d packets came: %v", len(arrived), err)
		}
		if arrived[data[0]] || data[0] >= 20 {
			t.Errorf("packet %d came, or came twice", data[0])
		}
		arrived[data[0]] = true
	}
	for _, n := range []Network{{Loss: -1}, {Loss: 2}, {Jitter: -1}} {
		if n.check() == nil {
			t.Errorf("%+v is accepted", n)
		}
	}
}
