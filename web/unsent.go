package web

import (
	"crypto/tls"
	"net"
	"net/http"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// limitQueue keeps the kernel from queueing frames for a slow viewer, who is to see the newest ones. It also makes the kernel give
// up a connection that acknowledges nothing for userTimeout. Linux counts twice what a Unix socket is given, for its own data.
func limitQueue(conn net.Conn) {
	control(conn, func(fd int) { // an older kernel may lack these options, which are not essential
		if domain, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN); domain == unix.AF_UNIX {
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, unsentBytes)
			return
		}
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentBytes)
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(userTimeout.Milliseconds()))
	})
}

// unsentBytes is how much of a stream may wait in the kernel before it is sent. Linux wakes the writer when half of it has been
// sent. For the slowest viewers this must take less than writeTimeout.
const unsentBytes = 16 << 10

// userTimeout ends a connection whose other end has vanished while the kernel could hold all that was sent, as with placeholders.
// It is much longer than writeTimeout because Linux also counts the time of a viewer who reads, but slowly.
const userTimeout = time.Minute

// limitSharedQueue does that for the connection of a request over HTTP/2, which all streams and answers of the client share.
func limitSharedQueue(r *http.Request) {
	if conn := connectionOf(r); conn != nil {
		limitQueue(conn.Conn)
	}
}

// limitUnsent limits how much of the answers on a request's connection waits in the kernel before it is sent to maxUnsent bytes, over
// HTTP/2 to that of streams. A Unix socket lacks the option and has a limit anyway, about 200 KiB.
func limitUnsent(r *http.Request) {
	if r.ProtoMajor > 1 {
		limitSharedQueue(r)
		return
	}
	if conn := connectionOf(r); conn != nil {
		control(conn.Conn, func(fd int) { unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, maxUnsent) })
	}
}

// maxUnsent is much for one client, so that it gets large pictures quickly, and little for many clients who do not read.
const maxUnsent = 256 << 10

// control calls f with the descriptor of a connection, or of the one below TLS, if it has one.
func control(conn net.Conn, f func(fd int)) {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	raw, ok := conn.(syscall.Conn)
	if !ok {
		return
	}
	if c, err := raw.SyscallConn(); err == nil {
		c.Control(func(fd uintptr) { f(int(fd)) })
	}
}
