package web

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/viewer"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"golang.org/x/sys/unix"
)

// secure is a server with TLS, and how many connections it has accepted.
type secure struct {
	*httptest.Server
	accepted atomic.Int64
}

// serveTLS serves a handler with TLS until the test ends.
func serveTLS(t *testing.T, handler http.Handler) *secure {
	t.Helper()
	s := &secure{Server: httptest.NewUnstartedServer(handler)}
	s.EnableHTTP2 = true
	s.Config.ConnContext = ConnContext
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.accepted.Add(1)
		}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// serveCamera serves a camera at a path of the stand-in over TLS.
func serveCamera(t *testing.T, path string) *secure {
	t.Helper()
	handler, stop := newHandler(t, mustParse(t, "cameras: [{id: gate, url: 'rtsp://h"+path+"'}]"), nil, time.Now)
	handler.server.viewerTimeout = 5 * time.Minute // the machine may be busy
	s := serveTLS(t, handler)
	t.Cleanup(stop) // before the server is closed
	return s
}

// client returns a client with one protocol, http/1.1 or h2, that lets little be sent before it is read.
func (s *secure) client(protocol string) *http.Client { return s.clientVia(protocol, new(sync.Mutex)) }

// clientVia does that for a client on whose connections nothing arrives while line is locked.
func (s *secure) clientVia(protocol string, line *sync.Mutex) *http.Client {
	dialer := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 8192) })
	}}
	config := s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	config.NextProtos = []string{protocol}
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			return blockable{conn, line}, err
		},
		TLSClientConfig: config, DisableCompression: true, ForceAttemptHTTP2: protocol == "h2",
		HTTP2: &http.HTTP2Config{MaxReceiveBufferPerStream: 64 << 10},
	}}
}

// blockable is a connection whose reader gets nothing while line is locked.
type blockable struct {
	net.Conn
	line *sync.Mutex
}

func (c blockable) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.line.Lock()
	defer c.line.Unlock()
	return n, err
}

func TestStreamsAndOtherAnswersShareAConnectionOfHTTP2(t *testing.T) {
	s := serveCamera(t, "/gate")
	client := s.client("h2")
	var streams []*viewer.Stream
	for range 32 {
		stream, err := viewer.OpenVia(t.Context(), client, s.URL+"/cameras/gate/stream")
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Close()
		if got := stream.Header.Get("Content-Type"); got != "multipart/x-mixed-replace; boundary=frame" || stream.Header.Get("Connection") != "" {
			t.Errorf("%v", stream.Header)
		}
		streams = append(streams, stream)
	}
	for range 5 {
		for _, stream := range streams {
			if _, err := stream.Next(); err != nil {
				t.Fatal(err)
			}
		}
		resp, err := client.Get(s.URL + "/healthz")
		if err != nil || resp.ProtoMajor != 2 {
			t.Fatal(resp, err)
		}
		resp.Body.Close()
	}
	if n := s.accepted.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestWallShowsManyStreamsOverHTTP2Only(t *testing.T) {
	s := serveCamera(t, "/gate")
	for protocol, want := range map[string]string{"http/1.1": `data-streams="4"`, "h2": `data-streams="200"`} {
		resp, err := s.client(protocol).Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(body), want) {
			t.Errorf("%s: no %s", protocol, want)
		}
	}
}

func TestViewerOverHTTP2WhoLeavesIsNoViewerAnyMore(t *testing.T) {
	handler, stop := newHandler(t, mustParse(t, "cameras: [{id: gate, url: 'rtsp://h/still'}]"), nil, time.Now)
	s := serveTLS(t, handler)
	t.Cleanup(stop)
	stream, err := viewer.OpenVia(t.Context(), s.client("h2"), s.URL+"/cameras/gate/stream")
	if err != nil {
		t.Fatal(err)
	}
	stream.Close()
	handler.Wait()
}

// A viewer does not read, or its line carries nothing, while 100 pictures come. What it then reads first is what it had been sent before; all else is newer.
func TestSlowViewerGetsTheNewestPictureOverTLSAndHTTP2(t *testing.T) {
	for name, test := range map[string]struct {
		protocol string
		blocked  bool
	}{
		"a slow viewer over HTTP/1.1": {"http/1.1", false},
		"a slow viewer over HTTP/2":   {"h2", false},
		"a slow line over HTTP/1.1":   {"http/1.1", true},
		"a slow line over HTTP/2":     {"h2", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveCamera(t, "/large")
			var line sync.Mutex
			url := s.URL + "/cameras/gate/stream?width=320&quality=80"
			client := s.clientVia(test.protocol, &line)
			if test.blocked {
				client.Transport.(*http.Transport).HTTP2 = nil // flow control then leaves room for 4 MB
			}
			slow, err := viewer.OpenVia(t.Context(), client, url)
			if err != nil {
				t.Fatal(err)
			}
			defer slow.Close()
			other, err := viewer.OpenVia(t.Context(), s.Client(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
			if test.blocked {
				line.Lock()
			}
			var newest viewer.Picture
			for range 100 {
				if newest, err = other.Next(); err != nil {
					t.Fatal(err)
				}
			}
			if test.blocked {
				line.Unlock()
			}
			old := 0
			for {
				p, err := slow.Next()
				if err != nil {
					t.Fatal(err)
				}
				if !p.Received.Before(newest.Received) {
					t.Logf("%d old pictures of %d bytes", old, len(p.JPEG))
					break
				}
				old++
			}
			if old > 25 { // 1 to 4, or some more while the machine is busy, and about 99 if the kernel may queue what it likes
				t.Errorf("%d pictures were sent before the newest one", old)
			}
		})
	}
}

func TestWriteOverHTTP2EndsAtItsDeadlineAndNotBetweenTwoWrites(t *testing.T) {
	result := make(chan error, 1)
	s := serveTLS(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := newResponse(w, r)
		defer to.end()
		if err := to.begin(nil, "opening"); err != nil {
			result <- err
			return
		}
		if to.late.Stop() {
			t.Error("a deadline runs while nothing is written")
		}
		for {
			to.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
			if _, err := to.Write(make([]byte, 16<<10)); err != nil {
				result <- err
				return
			}
		}
	}))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	resp, err := s.client("h2").Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := <-result; err == nil {
		t.Error("no error")
	}
	if _, err := io.Copy(io.Discard, resp.Body); err == nil {
		t.Error("the answer ends as if it were whole")
	}
}

func TestFewBytesOfAStreamWaitBelowTLS(t *testing.T) {
	conn := accepted(t, "tcp", "127.0.0.1:0")
	limitQueue(tls.Server(conn, nil))
	control(conn, func(fd int) {
		if n, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT); n != unsentBytes {
			t.Errorf("%d bytes, %v", n, err)
		}
	})
}

// TestFramesOfAStreamFitIntoRecordsOfTLS reads the frames of HTTP/2 of a stream whose pictures take several.
func TestFramesOfAStreamFitIntoRecordsOfTLS(t *testing.T) {
	s := serveCamera(t, "/large")
	config := s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	config.NextProtos = []string{"h2"}
	conn, err := tls.Dial("tcp", s.Listener.Addr().String(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var fields bytes.Buffer
	encoder := hpack.NewEncoder(&fields)
	for _, f := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", s.Listener.Addr().String()}, {":path", "/cameras/gate/stream?width=320"}} {
		encoder.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	framer := http2.NewFramer(conn, conn)
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 30}), framer.WriteWindowUpdate(0, 1<<30), framer.WriteSettingsAck(),
		framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: fields.Bytes(), EndStream: true, EndHeaders: true}),
	); err != nil {
		t.Fatal(err)
	}
	longest := 0
	for frames := 0; frames < 50; {
		frame, err := framer.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if data, ok := frame.(*http2.DataFrame); ok {
			longest = max(longest, len(data.Data()))
			frames++
		}
	}
	if longest != maxData {
		t.Errorf("a frame has up to %d bytes, want %d", longest, maxData)
	}
}
