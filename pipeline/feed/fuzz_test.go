package feed

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/unit"
)

// answering is a connection that gives an answer once it is asked, and then ends.
type answering struct {
	net.Conn
	answer *bytes.Reader
	asked  chan struct{}
	once   sync.Once
}

func (a *answering) Read(p []byte) (int, error) {
	<-a.asked
	return a.answer.Read(p)
}

func (a *answering) Write(p []byte) (int, error) {
	a.once.Do(func() { close(a.asked) })
	return len(p), nil
}
func (a *answering) Close() error         { a.once.Do(func() { close(a.asked) }); return nil }
func (a *answering) LocalAddr() net.Addr  { return &net.TCPAddr{} }
func (a *answering) RemoteAddr() net.Addr { return &net.TCPAddr{} }

func (a *answering) SetDeadline(time.Time) error      { return nil }
func (a *answering) SetReadDeadline(time.Time) error  { return nil }
func (a *answering) SetWriteDeadline(time.Time) error { return nil }

// httpAnswer makes an answer of bytes: heads that cameras send, and pictures and noise by kind and length.
func httpAnswer(head byte, body []byte) []byte {
	var out bytes.Buffer
	heads := []string{
		"Content-Type: multipart/x-mixed-replace; boundary=b\r\n", "Content-Type: multipart/x-mixed-replace;boundary=\"--b\"\r\n", "Content-Type: image/jpeg\r\n",
		"Content-Type: image/jpeg\r\nContent-Length: 700\r\n", "Content-Type: text/html\r\n", "", "Content-Type: multipart/mixed\r\nTransfer-Encoding: chunked\r\n",
		"Content-Type: image/jpeg\r\nContent-Encoding: gzip\r\n",
	}
	out.WriteString("HTTP/1.1 200 OK\r\n" + heads[int(head)%len(heads)] + "\r\n")
	for len(body) >= 2 {
		kind, n := body[0], min(int(body[1]), len(body)-2)
		text := body[2 : 2+n]
		body = body[2+n:]
		switch kind % 8 {
		case 0:
			out.Write(text)
		case 1:
			fmt.Fprintf(&out, "--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", len(still), still)
		case 2:
			fmt.Fprintf(&out, "--b\r\n%s\r\n\r\n%s", text, still)
		case 3:
			fmt.Fprintf(&out, "--b\r\nContent-Length: %d\r\n\r\n%s", n*100, still)
		case 4:
			out.Write(still[:min(len(still), n*4)])
		case 5:
			out.Write(append(append(bytes.Clone(still[:2]), 0xFF, 0xFE, 0, byte(n+2)), append(bytes.Clone(text), still[2:]...)...))
		case 6:
			out.Write(bytes.Repeat(text, int(kind)))
		case 7:
			fmt.Fprintf(&out, "%x\r\n%s\r\n", len(still), still)
		}
	}
	return out.Bytes()
}

// FuzzHTTPCamera reads the answer of a camera up to its pictures.
func FuzzHTTPCamera(f *testing.F) {
	for head := range byte(8) {
		f.Add(head, []byte{1, 0, 1, 0, 2, 1, 'x', 4, 50, 5, 3, '-', '-', 'f', 6, 2, '\r', '\n'})
	}
	f.Add(byte(0), []byte("\x05\x20\r\n--frame\r\nContent-Type: text/html\r\n\r\n\x01\x00"))
	f.Fuzz(func(t *testing.T, head byte, body []byte) {
		src := configs.Source{URL: &url.URL{Scheme: "http", Host: "127.0.0.1:80", Path: "/"}, PollInterval: time.Second, StallTimeout: time.Minute, TLSVerify: true}
		feed, err := New(src)
		if err != nil {
			t.Fatal(err)
		}
		camera, err := newHTTPCamera(src, func(_, text string) { feed.odd.add(text, text) })
		if err != nil {
			t.Fatal(err)
		}
		camera.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) {
			return newMendedConn(&answering{answer: bytes.NewReader(httpAnswer(head, body)), asked: make(chan struct{})}, camera.odd), nil
		}
		defer camera.CloseIdleConnections()
		in := feed.NewIntake(func(frame.Stream) {})
		ctx, cancel := context.WithCancelCause(t.Context())
		in.end = cancel
		gap := gap{end: cancel}
		defer gap.over()
		pictures := &jpegIntake{in: in, from: "127.0.0.1", gap: &gap}
		_, err = camera.fetch(ctx, pictures)
		cancel(nil)
		if err != nil && (len(err.Error()) > 2000 || strings.ContainsFunc(err.Error(), unicode.IsControl)) {
			t.Errorf("%d bytes: %.100q", len(err.Error()), err)
		}
		for _, text := range feed.Oddities() {
			if len(text) > 1000 || strings.ContainsFunc(text, unicode.IsControl) {
				t.Errorf("%.100q", text)
			}
		}
		if held := feed.gop.HeldBytes(); held > unit.BufferLimit {
			t.Errorf("%d bytes are held", held)
		}
		if newest, ok := feed.gop.Newest(); ok && (frame.HoldsBoundary(newest.Data) || len(newest.Data) == 0) {
			t.Errorf("a picture of %d bytes is passed on: %q", len(newest.Data), newest.Data)
		}
	})
}
