package web

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// accepted returns a connection that was accepted from a client who reads nothing.
func accepted(t *testing.T, network, address string) net.Conn {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestFewBytesOfAStreamWaitInAUnixSocket(t *testing.T) {
	conn := accepted(t, "unix", filepath.Join(t.TempDir(), "framegate.sock"))
	limitQueue(conn)
	queued := 0
	control(conn, func(fd int) {
		for part := make([]byte, 1<<10); ; {
			n, err := unix.Write(fd, part)
			if err != nil {
				return
			}
			queued += n
		}
	})
	if queued == 0 || queued > 2*unsentBytes {
		t.Errorf("%d bytes", queued)
	}
}

func TestBarePixelsThatAreNotReadTakeLittleOfTheKernel(t *testing.T) {
	conn := accepted(t, "tcp", "127.0.0.1:0")
	limit := func() (n int) {
		control(conn, func(fd int) { n, _ = unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT) })
		return n
	}
	before := limit()
	limitUnsent(httptest.NewRequestWithContext(ConnContext(context.Background(), conn), http.MethodGet, "/", nil))
	if limit() != maxUnsent {
		t.Errorf("%d bytes, before %d", limit(), before)
	}
}
