package pipeline

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"image"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"encoding/pem"

	"framegate/internal/testcam"
	"framegate/internal/testcam/camtest"
	"framegate/pipeline/frame"
)

// still is a JPEG of 64x48 pixels.
var still = func() []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 48)), nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}()

// serveHTTP serves a camera of one path and returns its URL.
func serveHTTP(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func TestMJPEGOverHTTPBecomesPictures(t *testing.T) {
	camera := testcam.Camera{Codec: testcam.MJPEG, Width: 640, Height: 360, Username: "admin", Password: "hunter2"}
	server := camtest.Start(t, camera)
	src := source(t, strings.Replace(server.ControlURL(), "http://", "http://admin:hunter2@", 1)+"/cam1.mjpg")
	feed := runFeed(t, src)
	if s := feed.stream(t); s.Codec != "mjpeg" || s.Width != 640 || s.Height != 360 {
		t.Fatalf("the camera sends %+v", s)
	}
	picture := show(t, feed.Feed, small)
	var f *frame.Frame
	for range 10 {
		f = after(t, picture.slots[0], f)
		camtest.Read(t, f.Picture())
	}
}

func TestSingleJPEGsAreFetchedAgainAndAgain(t *testing.T) {
	url := serveHTTP(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		w.Write(still)
	})
	src := source(t, url)
	src.PollInterval = 40 * time.Millisecond
	feed := runFeed(t, src)
	if s := feed.stream(t); s.Width != 64 || s.Height != 48 {
		t.Fatalf("the camera sends %+v", s)
	}
	picture := show(t, feed.Feed, frame.Rendition{Width: 64, Height: 48, Quality: 80})
	var f *frame.Frame
	for range 5 {
		f = after(t, picture.slots[0], f)
	}
}

func TestHTTPFaultsAreToldApart(t *testing.T) {
	answer := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			w.Write([]byte(body))
		}
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		reason  frame.Reason
		part    string
	}{
		"HTML":               {answer(200, "text/html; charset=utf-8", "<html>"), frame.NoVideo, "answers with text/html, not with JPEG pictures"},
		"HTML called JPEG":   {answer(200, "image/jpeg", "<html>"), frame.NoVideo, "no JPEG picture"},
		"HTML in parts":      {answer(200, "multipart/x-mixed-replace; boundary=b", "--b\r\nContent-Length: 6\r\n\r\n<html>\r\n--b\r\n"), frame.NoVideo, "no JPEG picture"},
		"401":                {answer(401, "text/plain", ""), frame.Unauthorized, "401 from"},
		"404":                {answer(404, "text/plain", ""), frame.NotFound, "404 from"},
		"500":                {answer(500, "text/plain", ""), frame.Refused, "500 Internal Server Error from"},
		"end of the stream":  {answer(200, "multipart/x-mixed-replace; boundary=b", "--b\r\nContent-Length: 3\r\n\r\n\xFF\xD8x\r\n--b--\r\n"), frame.Ended, "closed the connection"},
		"broken in a part":   {answer(200, "multipart/x-mixed-replace; boundary=b", "--b\r\nContent-Length: 300\r\n\r\nabc"), frame.Ended, "ended inside a picture"},
		"another host":       {http.RedirectHandler("http://192.0.2.1/x", http.StatusFound).ServeHTTP, frame.Unreachable, "redirects to http://192.0.2.1:80, which is not given the password"},
		"nothing in a while": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, frame.TimedOut, "no picture within 1s"},
	} {
		t.Run(name, func(t *testing.T) {
			src := source(t, strings.Replace(serveHTTP(t, c.handler), "http://", "http://admin:hunter2@", 1)+"/x")
			src.ConnectTimeout = time.Second
			failure(t, src, c.reason, c.part)
		})
	}
	gone := serveHTTP(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	failure(t, source(t, gone+"/x?password=hunter2"), frame.Unreachable, "EOF")
	failure(t, source(t, "http://127.0.0.1:1/x"), frame.Unreachable, "connection refused")
}

func TestBrokenPicturesAreDropped(t *testing.T) {
	url := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=b")
		for r.Context().Err() == nil {
			for _, picture := range [][]byte{still, still[:20], {}, still} {
				fmt.Fprintf(w, "--b\r\nContent-Length: %d\r\n\r\n%s\r\n", len(picture), picture)
			}
			http.NewResponseController(w).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	})
	feed := runFeed(t, source(t, url))
	feed.stream(t)
	picture := show(t, feed.Feed, frame.Rendition{Width: 64, Height: 48, Quality: 80})
	var f *frame.Frame
	for range 10 {
		f = after(t, picture.slots[0], f)
	}
}

// TestPasswordIsNotSentInClearToACameraThatKnowsDigest checks a digest by RFC 2617 against a hand-made one.
func TestPasswordIsNotSentInClearToACameraThatKnowsDigest(t *testing.T) {
	url := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		authorization := r.Header.Get("Authorization")
		if strings.HasPrefix(authorization, "Basic") {
			t.Error("the password came in clear")
		}
		hash := func(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }
		want := hash(hash("admin:cam:hunter2") + ":n1:" + hash("GET:/x"))
		if !strings.Contains(authorization, want) {
			w.Header().Set("WWW-Authenticate", `Digest realm="cam", nonce="n1"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "image/jpeg")
		w.Write(still)
	})
	runFeed(t, source(t, strings.Replace(url, "http://", "http://admin:hunter2@", 1)+"/x")).stream(t)
}

func TestHTTPSTrustsOnlyWhatItIsTold(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		w.Write(still)
	}))
	t.Cleanup(server.Close)
	src := source(t, server.URL)
	failure(t, src, frame.Unreachable, "certificate")
	src.TLSCA = filepath.Join(t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	if err := os.WriteFile(src.TLSCA, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	runFeed(t, src).stream(t)
}
