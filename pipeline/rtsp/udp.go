package rtsp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
)

// udpBuffer is the size of the receive buffer that is asked for; the system may give less. It holds a keyframe of a camera
// with a high bit rate.
const udpBuffer = 1 << 20

// ports are the two sockets of a stream: an even port for RTP, and the next one for RTCP (RFC 3550, section 11).
type ports struct{ rtp, rtcp *net.UDPConn }

func (p *ports) close() {
	p.rtp.Close()
	p.rtcp.Close()
}

// openPorts opens two sockets for packets that are sent to the local address of a connection.
func openPorts(local net.Addr) (*ports, error) {
	network := "udp4"
	if a, ok := local.(*net.TCPAddr); ok && a.IP.To4() == nil {
		network = "udp6"
	}
	var failed error
	for range 50 {
		first, err := net.ListenUDP(network, &net.UDPAddr{})
		if err != nil {
			return nil, err
		}
		port := first.LocalAddr().(*net.UDPAddr).Port
		if port%2 == 0 {
			second, err := net.ListenUDP(network, &net.UDPAddr{Port: port + 1})
			if err == nil {
				first.SetReadBuffer(udpBuffer)
				return &ports{first, second}, nil
			}
			failed = err
		}
		first.Close()
	}
	return nil, fmt.Errorf("no two free UDP ports: %w", failed)
}

// readUDP receives packets over UDP. With fallback it returns a noUDP if the camera has no UDP or nothing arrives.
func (s *session) readUDP(ctx context.Context, f *flow, urls addresses, fallback bool) error {
	sockets, err := openPorts(s.conn.LocalAddr())
	if err != nil && fallback {
		return &noUDP{"there are no two free UDP ports"}
	}
	if err != nil {
		return fmt.Errorf("cannot be received over UDP: %w", err)
	}
	defer sockets.close()
	port := sockets.rtp.LocalAddr().(*net.UDPAddr).Port
	answer, err := s.setup(urls, fmt.Sprintf("RTP/AVP;unicast;client_port=%d-%d", port, port+1))
	var refused *StatusError
	switch {
	case errors.As(err, &refused) && fallback: // by whatever status
		return &noUDP{refusesUDP}
	case refused != nil:
		refused.Remedy = remedyOfUDP(refused.Status)
	}
	if err != nil {
		return err
	}
	sessionURL := urls.play[0]
	defer func() { s.teardown(sessionURL) }()
	overTCP := strings.Contains(strings.ToUpper(answer), "/TCP")
	switch {
	case fallback && (overTCP || isMulticast(answer)):
		return &noUDP{refusesUDP}
	case overTCP:
		return errors.New("insists on TCP: set transport: tcp")
	case isMulticast(answer):
		return errMulticast
	}
	from := newOrigin(s.conn.RemoteAddr(), answer)
	from.open(sockets)
	to, err := s.play(urls, nil)
	if err != nil {
		return err
	}
	sessionURL = to

	s.config.Alive(time.Now())

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var done sync.WaitGroup
	defer done.Wait()
	defer sockets.close()
	defer cancel(nil)
	defer s.keepAlive(ctx, to, f, func(report []byte) { from.report(sockets, report) })()
	var arrived atomic.Bool
	done.Go(func() { cancel(receive(sockets.rtp, f, from, &arrived, s.config.Alive)) })
	done.Go(func() { listen(sockets.rtcp, f, from, s.config.Alive) })
	defer context.AfterFunc(ctx, s.interrupt)()
	return s.watchUDP(ctx, to, fallback, &arrived)
}

// watchUDP reads the messages of a session whose packets arrive over UDP, until it ends.
func (s *session) watchUDP(ctx context.Context, to string, fallback bool, arrived *atomic.Bool) error {
	limit := time.Time{}
	if fallback {
		limit = time.Now().Add(udpPatience)
	}
	s.deadline(limit)
	for {
		m, _, err := s.wire.next()
		switch {
		case err != nil && ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, os.ErrDeadlineExceeded):
			if !arrived.Load() {
				return &noUDP{fmt.Sprintf("nothing arrives over UDP within %v", udpPatience)}
			}
			s.deadline(time.Time{})
		case err != nil:
			return s.ended(err)
		case m != nil:
			s.config.Alive(time.Now())
			if err := s.handle(m, to); err != nil {
				return s.ended(err)
			}
		}
	}
}

// receive hands the packets of a socket to a flow until the socket is closed.
func receive(socket *net.UDPConn, f *flow, from *origin, arrived *atomic.Bool, alive func(time.Time)) error {
	order := reorder{deliver: f.deliver}
	data := make([]byte, 64<<10)
	var newest time.Time // when a packet arrived
	for {
		limit, limited := order.limit()
		_, maybeComplete := f.receiver.State()
		if flush := newest.Add(flushAfter); maybeComplete && (!limited || flush.Before(limit)) {
			limit, limited = flush, true
		}
		if !limited {
			limit = time.Time{}
		}
		socket.SetReadDeadline(limit)
		began := time.Now()
		n, sender, err := socket.ReadFromUDPAddrPort(data)
		now := time.Now()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			order.expire(now)
			if now.Sub(newest) >= flushAfter {
				f.receiver.Flush()
			}
		case err != nil:
			return err
		case !from.is(sender.Addr()):
		case isRTCP(data[:n]):
			alive(now)
			f.control(data[:n], now)
		case f.read(data[:n]):
			arrived.Store(true)
			newest = now
			order.take(&f.packet, now)
			if now.Sub(began) > gather { // it had to be waited for, so it is the first of several
				alive(now)
				time.Sleep(gather)
			}
		}
	}
}

// gather is how long the reader sleeps after the first packet of a burst, so that the process is not woken for each packet.
const gather = time.Millisecond

// listen hands the packets of RTCP to a flow until the socket is closed.
func listen(socket *net.UDPConn, f *flow, from *origin, alive func(time.Time)) {
	data := make([]byte, 2<<10)
	for {
		n, sender, err := socket.ReadFromUDPAddrPort(data)
		if err != nil {
			return
		}
		if from.is(sender.Addr()) && isRTCP(data[:n]) {
			now := time.Now()
			alive(now)
			f.control(data[:n], now)
		}
	}
}

// origin is where a camera's packets come from.
type origin struct {
	address netip.Addr // of the session, with its zone
	camera  netip.Addr // the same without its zone
	ports   [2]uint16  // of RTP and RTCP; 0 if the camera does not say
}

// newOrigin reads the answer to SETUP. The ports are used only to send packets to: some cameras send from others. A source that the
// camera names is ignored, since another host could then send in its place.
func newOrigin(camera net.Addr, answer string) *origin {
	from := &origin{}
	if a, ok := camera.(*net.TCPAddr); ok {
		from.address = a.AddrPort().Addr().Unmap()
		from.camera = from.address.WithZone("")
	}
	for parameter := range strings.SplitSeq(answer, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "server_port") {
			continue
		}
		first, second, pair := strings.Cut(strings.TrimSpace(value), "-")
		a, _ := strconv.ParseUint(first, 10, 16)
		b, _ := strconv.ParseUint(second, 10, 16)
		if !pair && a > 0 && a < 65535 {
			b = a + 1
		}
		from.ports = [2]uint16{uint16(a), uint16(b)}
	}
	return from
}

// is reports whether packets from an address belong to the camera.
func (o *origin) is(sender netip.Addr) bool {
	return sender.Unmap().WithZone("") == o.camera
}

// open sends a packet from each socket to the camera, so that firewalls in between let its packets in.
func (o *origin) open(p *ports) {
	empty, _ := (&rtp.Packet{Header: rtp.Header{Version: 2}}).Marshal()
	o.send(p.rtp, o.ports[0], empty)
	o.send(p.rtcp, o.ports[1], []byte{0x80, 201, 0, 1, ownSSRC >> 24, ownSSRC >> 16 & 0xFF, ownSSRC >> 8 & 0xFF, ownSSRC & 0xFF})
}

// report sends a report.
func (o *origin) report(p *ports, report []byte) { o.send(p.rtcp, o.ports[1], report) }

func (o *origin) send(socket *net.UDPConn, port uint16, data []byte) {
	if port > 0 && o.address.IsValid() {
		socket.WriteToUDPAddrPort(data, netip.AddrPortFrom(o.address, port))
	}
}
