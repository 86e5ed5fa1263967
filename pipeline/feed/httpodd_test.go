package feed

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
)

// serveRaw serves a camera that answers each request with raw bytes, the nth from 0 on. It keeps the connection for the next request
// unless the answer is to end with it.
func serveRaw(t *testing.T, answer func(n int) (bytes string, closes bool)) string {
	t.Helper()
	var requests atomic.Int64
	ctx, cancel := context.WithCancel(context.Background())
	url := serveHTTP(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		defer context.AfterFunc(ctx, func() { conn.Close() })()
		for {
			bytes, closes := answer(int(requests.Add(1)) - 1)
			if _, err := conn.Write([]byte(bytes)); err != nil || closes {
				return
			}
			if _, err := http.ReadRequest(buffered.Reader); err != nil {
				return
			}
		}
	})
	t.Cleanup(cancel) // before the server's, which waits for its connections
	return url
}

// jpegAnswer is an answer with a JPEG as cameras send it.
func jpegAnswer() string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s", len(still), still)
}

// multipartAnswer is the head of a stream and some parts of it.
func multipartAnswer(parts int) string {
	return "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n" + multipartBody(parts)
}

// multipartBody is some parts of a stream.
func multipartBody(parts int) string {
	return strings.Repeat(fmt.Sprintf("--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", len(still), still), parts)
}

// oftenAsked runs the feed of a source that is asked often and never stalls. The connection survives grace without a picture.
func oftenAsked(t *testing.T, url string, grace time.Duration) *camtest.Running[*Feed] {
	src := camtest.Source(t, url)
	src.PollInterval, src.StallTimeout = 40*time.Millisecond, camtest.Patience
	feed, err := New(src)
	if err != nil {
		t.Fatal(err)
	}
	feed.grace = grace
	return camtest.Run(t, feed)
}

// TestOddAnswersArePictures has cameras whose answers are odd, but hold a JPEG. Each is asked several times.
func TestOddAnswersArePictures(t *testing.T) {
	typed := func(kind, body string, closes bool) func(int) (string, bool) {
		head := "HTTP/1.1 200 OK\r\n"
		if kind != "" {
			head += "Content-Type: " + kind + "\r\n"
		}
		if !closes {
			head += fmt.Sprintf("Content-Length: %d\r\n", len(body))
		}
		return func(int) (string, bool) { return head + "\r\n" + body, closes }
	}
	always := func(answer string, closes bool) func(int) (string, bool) {
		return func(int) (string, bool) { return answer, closes }
	}
	jpeg, parts := string(still), multipartBody(3)
	for name, c := range map[string]struct {
		answer func(n int) (string, bool)
		odd    string // part of what is odd
	}{
		"no type":                {typed("", jpeg, false), "JPEGs are sent as \"\""},
		"text":                   {typed("text/html", jpeg, false), "JPEGs are sent as \"text/html\""},
		"bytes":                  {typed("application/octet-stream", jpeg, false), ""},
		"parts without a type":   {typed("", parts, true), "a stream of parts is sent as \"\""},
		"parts as image/jpeg":    {typed("image/jpeg", parts, true), "a stream of parts"},
		"a part without a type":  {typed("text/html", strings.TrimPrefix(parts, "--b\r\n"), true), "a stream of parts"},
		"multipart in name only": {typed("multipart/x-mixed-replace;boundary=ipcam264", jpeg, false), "the stream ends by itself"},
		"several in one":         {typed("image/jpeg", jpeg+jpeg+jpeg, true), "the stream ends by itself"},
		"no length":              {typed("image/jpeg", jpeg, true), ""},
		"no length, kept open":   {always("HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: -1\r\n\r\n"+jpeg, false), "Content-Length \"-1\""},
		"a length too long":      {always(strings.Replace(jpegAnswer(), "Length: ", "Length: 9", 1), false), ""},
		"a header without name":  {always(strings.Replace(jpegAnswer(), "\r\n", "\r\nTue, 12 Jun 2012 01:56:34 GMT\r\n", 1), false), "without a name"},
		"ICY":                    {always(strings.Replace(multipartAnswer(2), "HTTP/1.1", "ICY", 1), true), ""},
		"HTTP/0.9":               {always(parts, true), "no status line"},
		"chunks":                 {always(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(still), still), false), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			feed := oftenAsked(t, serveRaw(t, c.answer)+"/x", camtest.Patience)
			units := feed.Feed.Units().Reader()
			for range 3 {
				next(t, units)
			}
			said := func() string { return strings.Join(feed.Feed.Oddities(), "; ") }
			camtest.Until(t, fmt.Sprintf("%q is said to be odd", c.odd), func() bool { return strings.Contains(said(), c.odd) })
			if c.odd == "" && strings.Contains(said(), "sent as") {
				t.Errorf("%q is odd", said())
			}
			if err := feed.Stop(); err != context.Canceled {
				t.Error(err)
			}
		})
	}
}

// TestStillThatIsNeverCompleteIsAskedForAgain has a camera that keeps the connection open in the middle of its second still.
func TestStillThatIsNeverCompleteIsAskedForAgain(t *testing.T) {
	src := camtest.Source(t, serveRaw(t, func(n int) (string, bool) { return jpegAnswer()[:len(jpegAnswer())-40*(n%2)], false })+"/x")
	src.PollInterval, src.StallTimeout = 40*time.Millisecond, 4*time.Second
	feed := runFeed(t, src)
	units := feed.Feed.Units().Reader()
	for range 2 {
		next(t, units)
	}
	if err := feed.Stop(); err != context.Canceled || feed.Feed.Broken() != 1 {
		t.Errorf("%v, %d broken", err, feed.Feed.Broken())
	}
}

func TestCameraThatRedirectsWithACookieIsRead(t *testing.T) {
	url := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("session"); err != nil {
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "image/jpeg")
		w.Write(still)
	})
	runFeed(t, camtest.Source(t, url+"/x")).Stream(t)
}

func TestCameraOfHTTPIsReadOverIPv6(t *testing.T) {
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("SKIPPED: this machine has no IPv6: %v", err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		w.Write(still)
	}))
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	runFeed(t, camtest.Source(t, server.URL+"/x")).Stream(t)
}

func TestPollsReuseTheirConnection(t *testing.T) {
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		w.Write(still)
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	units := oftenAsked(t, server.URL, camtest.Patience).Feed.Units().Reader()
	for range 10 {
		next(t, units)
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// TestOldTLSIsSpokenOnlyWhereNoCertificateIsChecked has servers that know one old version or key exchange only.
func TestOldTLSIsSpokenOnlyWhereNoCertificateIsChecked(t *testing.T) {
	for name, config := range map[string]*tls.Config{
		"TLS 1.0":             {MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10},
		"TLS 1.1":             {MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
		"key exchange by RSA": {MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}},
		"3DES":                {MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA}},
	} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "image/jpeg")
			w.Write(still)
		}))
		server.TLS = config
		server.StartTLS()
		t.Cleanup(server.Close)
		src := camtest.Source(t, server.URL)
		src.TLSCA = certificateOf(t, server) // what is refused is not the certificate
		runFeed(t, src).Fails(t, frame.Unreachable, "tls_verify: false")
		src.TLSVerify = false
		t.Run(name, func(t *testing.T) {
			feed := runFeed(t, src)
			feed.Stream(t)
			if odd := feed.Feed.Oddities(); len(odd) != 1 || !strings.Contains(odd[0], "TLS") {
				t.Errorf("odd: %q", odd)
			}
		})
	}
}

// TestOldTLSIsNotOfferedFirst has a server that knows both, and looks at all that it is offered.
func TestOldTLSIsNotOfferedFirst(t *testing.T) {
	var old []uint16
	for _, suite := range tls.InsecureCipherSuites() {
		old = append(old, suite.ID)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		w.Write(still)
	}))
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if slices.Min(hello.SupportedVersions) < tls.VersionTLS12 {
			t.Errorf("offered versions %x", hello.SupportedVersions)
		}
		for _, suite := range hello.CipherSuites {
			if slices.Contains(old, suite) {
				t.Errorf("offered %s", tls.CipherSuiteName(suite))
			}
		}
		return nil, nil
	}}
	server.StartTLS()
	t.Cleanup(server.Close)
	src := camtest.Source(t, server.URL)
	src.TLSVerify = false
	feed := runFeed(t, src)
	feed.Stream(t)
	if odd := feed.Feed.Oddities(); len(odd) > 0 {
		t.Errorf("odd: %q", odd)
	}
}

func TestOtherProtocolsAreNamed(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	plain := strings.Replace(serveRaw(t, func(int) (string, bool) { return "", true }), "http://", "https://", 1)
	rtsp := serveRaw(t, func(int) (string, bool) { return "RTSP/1.0 400 Bad Request\r\nCSeq: 0\r\n\r\n", true })
	alert := serveRaw(t, func(int) (string, bool) { return "\x15\x03\x03\x00\x02\x02P", true })
	for url, part := range map[string]string{
		plain: "it answers without TLS: use http://",
		rtsp:  "answers, but not in HTTP: use rtsp://",
		alert: "answers, but not in HTTP: use https://",
	} {
		runFeed(t, camtest.Source(t, url+"/x")).Fails(t, frame.Unreachable, part)
	}
}

func TestHeadMayHave64KB(t *testing.T) {
	answer := func(length int) string {
		return strings.Replace(jpegAnswer(), "\r\n", "\r\nX: "+strings.Repeat("y", length)+"\r\n", 1)
	}
	runFeed(t, camtest.Source(t, serveRaw(t, func(int) (string, bool) { return answer(maxHead - 1000), false })+"/x")).Stream(t)
	runFeed(t, camtest.Source(t, serveRaw(t, func(int) (string, bool) { return answer(maxHead + 1000), false })+"/x")).Fails(t, frame.Unreachable, "header")
}

// TestCompressedAnswersAreNotAskedFor but read, unless they become far larger than they are sent.
func TestCompressedAnswersAreNotAskedFor(t *testing.T) {
	compressed := func(data []byte) http.HandlerFunc {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(data)
		z.Close()
		return func(w http.ResponseWriter, r *http.Request) {
			if offered := r.Header.Get("Accept-Encoding"); offered != "" {
				t.Errorf("Accept-Encoding: %s", offered)
			}
			w.Header().Set("Content-Type", "image/jpeg")
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(b.Bytes())
		}
	}
	runFeed(t, camtest.Source(t, serveHTTP(t, compressed(still)))).Stream(t)
	bomb := append(bytes.Clone(still[:len(still)/2]), make([]byte, 30<<20)...)
	runFeed(t, camtest.Source(t, serveHTTP(t, compressed(bomb)))).Fails(t, frame.Ended, "compressed more than a JPEG can be")
}

// TestTokenOfAURLDoesNotFollowARedirect to another host, which net/http would tell where the request comes from.
func TestTokenOfAURLDoesNotFollowARedirect(t *testing.T) {
	var told atomic.Value
	other := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		told.Store(fmt.Sprint(r.Header, r.URL))
		w.Header().Set("Content-Type", "image/jpeg")
		w.Write(still)
	})
	url := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other+"/y", http.StatusFound) })
	runFeed(t, camtest.Source(t, url+"/x?token=hunter2")).Stream(t)
	if text := told.Load().(string); strings.Contains(text, "hunter2") {
		t.Error(text)
	}
}

func TestRedirectToALessSecureConnectionIsRefused(t *testing.T) {
	plain := serveHTTP(t, func(w http.ResponseWriter, _ *http.Request) {
		t.Error("the other scheme is asked")
	})
	server := httptest.NewTLSServer(http.RedirectHandler(plain, http.StatusFound))
	t.Cleanup(server.Close)
	src := camtest.Source(t, server.URL)
	src.TLSVerify = false
	runFeed(t, src).Fails(t, frame.Unreachable, "it redirects from https to http, which is less secure")
}
