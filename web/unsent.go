package web

import (
	"crypto/tls"
	"net"
	"net/http"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// limitQueue keeps the kernel from queueing frames for a slow viewer, who should see the newest ones. It also makes the kernel give
// up a connection that acknowledges nothing for userTimeout. For a Unix socket Linux doubles the value, to allow for its own data.
func limitQueue(conn net.Conn) {
	control(conn, func(fd int) { // errors are ignored: an old kernel may lack these options, and framegate works without them
		if domain, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN); domain == unix.AF_UNIX {
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, unsentBytes)
			return
		}
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentBytes)
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(userTimeout.Milliseconds()))
	})
}

// unsentBytes is how much of a stream may wait in the kernel to be sent. Linux wakes the writer when half of it has been sent, which must
// take the slowest viewers less than writeTimeout.
const unsentBytes = 16 << 10

// userTimeout ends a connection whose other end has vanished even if no write blocks, as with small placeholders. It is much longer
// than writeTimeout, because Linux also applies it to a viewer who reads slowly.
const userTimeout = time.Minute

// limitSharedQueue calls limitQueue for the connection of a request, which over HTTP/2 all streams and answers of the client share, and in
// a WebSocket all tiles.
func limitSharedQueue(r *http.Request) {
	if conn := connectionOf(r); conn != nil {
		limitQueue(conn.Conn)
	}
}

// limitUnsent limits how much may wait in the kernel to be sent on a request's connection: to maxUnsent over HTTP/1.1, and to
// unsentBytes over HTTP/2. A Unix socket lacks the option and has a limit anyway, about 200 KiB.
func limitUnsent(r *http.Request) {
	if r.ProtoMajor > 1 {
		limitSharedQueue(r)
		return
	}
	if conn := connectionOf(r); conn != nil {
		control(conn.Conn, func(fd int) { unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, maxUnsent) })
	}
}

// maxUnsent is enough for one client to get large pictures quickly, and little enough for many clients who do not read.
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
