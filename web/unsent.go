package web

import (
	"net"
	"net/http"

	"golang.org/x/sys/unix"
)

// limitUnsent limits how much of the answers on a request's connection waits in the kernel before it is sent to maxUnsent bytes. A Unix
// socket lacks the option and has a limit anyway, about 200 KiB.
func limitUnsent(r *http.Request) {
	if conn, ok := r.Context().Value(connKey{}).(net.Conn); ok {
		control(conn, func(fd int) { unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, maxUnsent) })
	}
}

// maxUnsent is much for one client, so that it gets large pictures quickly, and little for many clients who do not read.
const maxUnsent = 256 << 10
