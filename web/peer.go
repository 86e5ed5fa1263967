package web

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// connKey is the key of a request's connection in its context.
type connKey struct{}

// connection is a connection of a client, with the user ID of the process at its other end.
type connection struct {
	net.Conn
	once  sync.Once // finds uid
	uid   int
	known bool
}

// connectionOf returns the connection of a request; nil without ConnContext.
func connectionOf(r *http.Request) *connection {
	c, _ := r.Context().Value(connKey{}).(*connection)
	return c
}

// ConnContext is for the field of http.Server with this name. Without it, the user at the other end of a Unix socket is not checked
// before a change, and what the kernel queues for programs is not limited.
func ConnContext(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, &connection{Conn: conn})
}

// fromPerson reports whether a request from this machine may come from a person or from root, and not from a service such as a proxy.
// It is true if the user is unknown, for example where /proc is hidden.
func fromPerson(r *http.Request) bool {
	uid, known := peerOf(r)
	return !known || uid == 0 || uid == os.Geteuid() || !isService(uid)
}

// isService reports whether a user ID is one of those that systems give to services: those of packages (login.defs, SYS_UID_MAX),
// systemd's dynamic users (systemd.io/UIDS-GIDS), and nobody.
func isService(uid int) bool { return uid > 0 && uid < 1000 || uid >= 61184 && uid <= 65534 }

// peerOf is like peer, but looks once per connection.
func peerOf(r *http.Request) (uid int, known bool) {
	c := connectionOf(r)
	if c == nil {
		return peer(r)
	}
	c.once.Do(func() { c.uid, c.known = peer(r) })
	return c.uid, c.known
}

// peer returns the user ID of the process at the other end of a request's connection.
func peer(r *http.Request) (uid int, known bool) {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local != nil && local.Network() == "unix" {
		c := connectionOf(r)
		if c == nil {
			return 0, false
		}
		conn, ok := c.Conn.(syscall.Conn)
		if !ok {
			return 0, false
		}
		return peerOfUnix(conn)
	}
	server, ok := local.(*net.TCPAddr)
	client, err := netip.ParseAddrPort(r.RemoteAddr)
	if !ok || err != nil {
		return 0, false
	}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		if uid, known = peerOfTCP(table, unmapped(client), unmapped(server.AddrPort())); known {
			return uid, true
		}
	}
	return 0, false
}

func peerOfUnix(conn syscall.Conn) (uid int, known bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, false
	}
	raw.Control(func(fd uintptr) {
		if c, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			uid, known = int(c.Uid), true
		}
	})
	return uid, known
}

// peerOfTCP looks for the client's end of a connection in a table of the kernel, which its documentation describes in proc_net_tcp.
func peerOfTCP(table string, client, server netip.AddrPort) (uid int, known bool) {
	file, err := os.Open(table)
	if err != nil {
		return 0, false
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text()) // sl local_address rem_address st tx:rx tr:when retrnsmt uid …
		if len(fields) < 8 || tableAddress(fields[1]) != client || tableAddress(fields[2]) != server {
			continue
		}
		uid, err := strconv.Atoi(fields[7])
		return uid, err == nil
	}
	return 0, false
}

// tableAddress parses an address of such a table: 32-bit words in the machine's byte order, and the port, all in hexadecimal.
func tableAddress(text string) netip.AddrPort {
	host, port, _ := strings.Cut(text, ":")
	b, err := hex.DecodeString(host)
	n, portErr := strconv.ParseUint(port, 16, 16)
	if err != nil || portErr != nil || len(b)%4 != 0 {
		return netip.AddrPort{}
	}
	for i := 0; i < len(b); i += 4 {
		binary.BigEndian.PutUint32(b[i:], binary.NativeEndian.Uint32(b[i:]))
	}
	address, ok := netip.AddrFromSlice(b)
	if !ok {
		return netip.AddrPort{}
	}
	return unmapped(netip.AddrPortFrom(address, uint16(n)))
}

func unmapped(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
