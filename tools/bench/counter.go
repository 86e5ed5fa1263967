package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// counter is a viewer that counts the bytes that it gets. It costs the machine as little as possible: the kernel discards
// the bytes.
type counter struct {
	bytes atomic.Int64
	err   atomic.Pointer[error]
}

func (c *counter) failed() error {
	if err := c.err.Load(); err != nil {
		return *err
	}
	return nil
}

// watch reads a stream until ctx is done. It calls opened when the answer has begun, or when there is none.
func (c *counter) watch(ctx context.Context, address string, opened func()) error {
	once := sync.OnceFunc(opened)
	defer once()
	err := c.read(ctx, address, once)
	if ctx.Err() == nil {
		c.err.Store(&err)
	}
	return nil
}

func (c *counter) read(ctx context.Context, address string, opened func()) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", u.RequestURI(), u.Host); err != nil {
		return err
	}
	head := make([]byte, 512)
	n, err := conn.Read(head)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(head[:n], []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("a viewer got the answer %.100q", head[:n])
	}
	opened()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return err
	}
	for {
		var got int
		var fault error
		if err := raw.Read(func(fd uintptr) bool {
			got, _, fault = unix.Recvfrom(int(fd), discard, unix.MSG_TRUNC|unix.MSG_DONTWAIT) // TCP discards the bytes (tcp(7))
			return fault != unix.EAGAIN
		}); err != nil {
			return err
		}
		if fault != nil {
			return fault
		}
		if got == 0 {
			return io.ErrUnexpectedEOF
		}
		c.bytes.Add(int64(got))
	}
}

// discard has the length of what is discarded at a time. Nothing is written to it.
var discard = make([]byte, 256<<10)
