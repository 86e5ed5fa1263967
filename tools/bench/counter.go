package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"golang.org/x/sys/unix"
)

// counter is a viewer that counts the bytes that it gets, those of TLS and HTTP/2 included. It costs the machine as little as possible:
// the kernel discards the bytes, so that they are not decrypted.
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
func (c *counter) watch(ctx context.Context, protocol, address string, opened func()) error {
	once := sync.OnceFunc(opened)
	defer once()
	err := c.read(ctx, protocol, address, once)
	if ctx.Err() == nil {
		c.err.Store(&err)
	}
	return nil
}

func (c *counter) read(ctx context.Context, protocol, address string, opened func()) error {
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
	to := conn
	if protocol != "" {
		to = tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}})
	}
	request := requestStream
	if protocol == "h2" {
		request = requestStream2
	}
	if err := request(to, u); err != nil {
		return err
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

// requestStream requests a stream with HTTP/1.1 and reads the beginning of the answer.
func requestStream(conn net.Conn, u *url.URL) error {
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
	return nil
}

// requestStream2 does that with HTTP/2. It lets so much be sent that flow control need not be thought of again: 2 GiB.
func requestStream2(conn net.Conn, u *url.URL) error {
	const window = 1<<31 - 1
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		return err
	}
	var fields bytes.Buffer
	encoder := hpack.NewEncoder(&fields)
	for _, f := range []hpack.HeaderField{
		{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "https"}, {Name: ":authority", Value: u.Host}, {Name: ":path", Value: u.RequestURI()},
	} {
		encoder.WriteField(f)
	}
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if err := errors.Join(
		framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: window}),
		framer.WriteWindowUpdate(0, window-1<<16+1), // it is 64 KiB less 1 before
		framer.WriteSettingsAck(),
		framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: fields.Bytes(), EndStream: true, EndHeaders: true}),
	); err != nil {
		return err
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return err
		}
		if head, ok := frame.(*http2.MetaHeadersFrame); ok {
			if status := head.PseudoValue("status"); status != "200" {
				return fmt.Errorf("a viewer got the status %s", status)
			}
			return nil
		}
	}
}

// discard has the length of what is discarded at a time. Nothing is written to it.
var discard = make([]byte, 256<<10)
