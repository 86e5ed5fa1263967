package app

import (
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/health"
	"github.com/framegate/framegate/web"
)

// connections limits how many connections there are at a time, in all and of one address, over all listeners, and leaves
// descriptors for cameras. Without a descriptor, a camera cannot be connected, and GLib aborts the process ("Creating pipes for
// GWakeup").
type connections struct {
	config      atomic.Pointer[configs.Config]
	descriptors int // the limit on open files of this process
	log         *slog.Logger

	mu        sync.Mutex // guards the fields below
	count     int
	beyond    int // of count, those that were accepted beyond a limit
	byAddress map[string]int
	logged    time.Time      // when a refusal was last logged
	refused   map[string]int // by limit; it has all that there are
}

func newConnections(log *slog.Logger) *connections {
	c := &connections{log: log, byAddress: map[string]int{}, refused: map[string]int{limitOfAll: 0, limitOfOne: 0, limitOfFiles: 0}}
	c.config.Store(&configs.Config{})
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		c.descriptors = int(min(limit.Cur, 1<<30))
	}
	return c
}

// The limits on connections, as /metrics names them.
const (
	limitOfAll   = "max_connections"
	limitOfOne   = "max_connections_per_address"
	limitOfFiles = "open_files"
)

// Descriptors that are kept free for the whole process and for each camera: a connection takes up to 5, a decoder 4.
const (
	keptDescriptors   = 32
	keptForEachCamera = 8
)

// keptForThisMachine is how many connections from this machine are accepted beyond the limits at a time, so that somebody on it can see
// how framegate is when it has many clients. A proxy on this machine may take them all.
const keptForThisMachine = 8

// limit returns a listener whose connections are limited.
func (c *connections) limit(l net.Listener) net.Listener { return limited{l, c} }

type limited struct {
	net.Listener
	connections *connections
}

// Accept returns the next connection within the limits. It answers and closes others.
func (l limited) Accept() (net.Conn, error) {
	c := l.connections
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		s, ok := conn.(socket)
		if !ok {
			return conn, nil
		}
		leave, r := c.enter(s)
		if r == nil {
			return &connection{s, sync.OnceFunc(leave)}, nil
		}
		r.answer(conn)
	}
}

// socket is what TCP's and Unix's connections have in common. net/http and web use all of it.
type socket interface {
	net.Conn
	syscall.Conn
	CloseWrite() error
}

// connection is one that is counted until it is closed.
type connection struct {
	socket
	leave func()
}

func (c *connection) Close() error {
	defer c.leave()
	return c.socket.Close()
}

// refusal says why a connection is refused.
type refusal struct {
	status        int
	limit, reason string
}

// enter counts a connection until leave is called, or refuses it if there are too many.
func (c *connections) enter(s socket) (leave func(), r *refusal) {
	address := web.Address(s.RemoteAddr().String(), s.LocalAddr())
	c.mu.Lock()
	defer c.mu.Unlock()
	r = c.judge(s, address)
	beyond := r != nil
	if !beyond || c.beyond < keptForThisMachine && fromThisMachine(s) {
		c.add(address, beyond, 1)
		return func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.add(address, beyond, -1)
		}, nil
	}
	c.refused[r.limit]++
	if now := time.Now(); now.Sub(c.logged) > time.Minute {
		c.logged = now
		c.log.Warn("connection refused", "from", address, "reason", r.reason)
	}
	return nil, r
}

// add adds n connections from an address to those that are counted. c.mu is held.
func (c *connections) add(address string, beyond bool, n int) {
	c.count += n
	if beyond {
		c.beyond += n
	}
	if c.byAddress[address] += n; c.byAddress[address] == 0 {
		delete(c.byAddress, address)
	}
}

// fromThisMachine reports whether a connection comes over loopback or over a Unix socket.
func fromThisMachine(s socket) bool {
	if s.LocalAddr().Network() == "unix" {
		return true
	}
	from, err := netip.ParseAddrPort(s.RemoteAddr().String())
	return err == nil && from.Addr().Unmap().IsLoopback()
}

// refusals is how many connections were refused, by limit.
func (c *connections) refusals() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.refused)
}

// judge says which limit a connection exceeds, nil for none. c.mu is held.
func (c *connections) judge(s socket, address string) *refusal {
	config := c.config.Load()
	kept := min(keptDescriptors+keptForEachCamera*len(config.Cameras), c.descriptors/2)
	switch most, mostOfOne := config.MaxConnections, config.MaxConnectionsPerAddress; {
	case most > 0 && c.count >= most:
		return &refusal{http.StatusServiceUnavailable, limitOfAll, fmt.Sprintf("framegate already has %d connections, the limit set by max_connections", most)}
	case mostOfOne > 0 && c.byAddress[address] >= mostOfOne && !config.Proxies.Trust(s.RemoteAddr().String(), s.LocalAddr()):
		return &refusal{http.StatusTooManyRequests, limitOfOne, fmt.Sprintf("%s already has %d connections, the limit set by max_connections_per_address", address, mostOfOne)}
	case c.descriptors > 0 && descriptor(s) >= c.descriptors-kept:
		return &refusal{http.StatusServiceUnavailable, limitOfFiles, fmt.Sprintf("framegate may open %d files, and the last %d are kept for cameras", c.descriptors, kept)}
	}
	return nil
}

// descriptor is the number of a connection's descriptor. The kernel gives the lowest one that is free.
func descriptor(s socket) (number int) {
	if raw, err := s.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { number = int(fd) })
	}
	return number
}

// answer answers a connection without waiting for its request, and closes it. The answer fits into the buffer of a new connection.
func (r *refusal) answer(conn net.Conn) {
	defer conn.Close()
	body := fmt.Sprintf(`{"title":%q,"status":%d,"detail":%q}`, http.StatusText(r.status), r.status, r.reason)
	conn.SetWriteDeadline(time.Now().Add(time.Second))
	fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\n"+
		"Content-Type: application/problem+json\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"+
		"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"+
		"Retry-After: 5\r\n%s: %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s",
		r.status, http.StatusText(r.status), health.LimitHeader, r.limit, len(body), body)
}
