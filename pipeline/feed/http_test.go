package feed

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

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
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
	src := camtest.Source(t, strings.Replace(server.ControlURL(), "http://", "http://admin:hunter2@", 1)+"/cam1.mjpg")
	feed := runFeed(t, src)
	if s := feed.Stream(t); s.Codec != "mjpeg" || s.Width != 640 || s.Height != 360 {
		t.Fatalf("the camera sends %+v", s)
	}
	units := feed.Feed.Units().Reader()
	for range 10 {
		camtest.Read(t, next(t, units).Data)
	}
}

func TestSingleJPEGsAreFetchedAgainAndAgain(t *testing.T) {
	url := serveHTTP(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		w.Write(still)
	})
	src := camtest.Source(t, url)
	src.PollInterval = 40 * time.Millisecond
	feed := runFeed(t, src)
	if s := feed.Stream(t); s.Width != 64 || s.Height != 48 {
		t.Fatalf("the camera sends %+v", s)
	}
	units := feed.Feed.Units().Reader()
	for range 5 {
		next(t, units)
	}
}

func TestHTTPFaultsHaveTheirOwnReasons(t *testing.T) {
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
		"HTML called JPEG":   {answer(200, "image/jpeg", "<html>"), frame.NoVideo, "not a JPEG picture"},
		"HTML in parts":      {answer(200, "multipart/x-mixed-replace; boundary=b", "--b\r\nContent-Length: 6\r\n\r\n<html>\r\n--b\r\n"), frame.NoVideo, "not a JPEG picture"},
		"401":                {answer(401, "text/plain", ""), frame.Unauthorized, "401 from"},
		"404":                {answer(404, "text/plain", ""), frame.NotFound, "404 from"},
		"500":                {answer(500, "text/plain", ""), frame.Refused, "500 Internal Server Error from"},
		"end of the stream":  {answer(200, "multipart/x-mixed-replace; boundary=b", "--b\r\nContent-Length: 3\r\n\r\n\xFF\xD8x\r\n--b--\r\n"), frame.Ended, "closed the connection"},
		"broken in a part":   {answer(200, "multipart/x-mixed-replace; boundary=b", "--b\r\nContent-Length: 300\r\n\r\nabc"), frame.Ended, "ended inside a picture"},
		"another scheme":     {http.RedirectHandler("ftp://192.0.2.1/x", http.StatusFound).ServeHTTP, frame.Unreachable, "it redirects to a URL of scheme"},
		"another host":       {http.RedirectHandler("http://192.0.2.1/x", http.StatusFound).ServeHTTP, frame.Unreachable, "redirects to http://192.0.2.1:80, which is not given the password"},
		"nothing in a while": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, frame.TimedOut, "no picture within 1s"},
	} {
		t.Run(name, func(t *testing.T) {
			src := camtest.Source(t, strings.Replace(serveHTTP(t, c.handler), "http://", "http://admin:hunter2@", 1)+"/x")
			src.ConnectTimeout = time.Second
			runFeed(t, src).Fails(t, c.reason, c.part)
		})
	}
	endless := serveHTTP(t, http.RedirectHandler("/x", http.StatusFound).ServeHTTP)
	runFeed(t, camtest.Source(t, endless)).Fails(t, frame.Unreachable, "it redirects more than 5 times")
	gone := serveHTTP(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	runFeed(t, camtest.Source(t, gone+"/x?password=hunter2")).Fails(t, frame.Unreachable, "EOF")
	runFeed(t, camtest.Source(t, "http://127.0.0.1:1/x")).Fails(t, frame.Unreachable, "connection refused")
}

// TestBrokenJPEGsAreDroppedAndCounted has a camera that also sends JPEGs without Huffman tables, as USB cameras do: those
// are completed.
func TestBrokenJPEGsAreDroppedAndCounted(t *testing.T) {
	whole := encodeJPEG(t, 64, 48)
	url := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=b")
		for i := 0; r.Context().Err() == nil; i++ {
			body := [][]byte{whole, whole[:len(whole)-20], {}, withoutTables(t, whole)}[i%4]
			fmt.Fprintf(w, "--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", len(body), body)
			http.NewResponseController(w).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	})
	feed := runFeed(t, camtest.Source(t, url+"/x"))
	feed.Stream(t)
	units := feed.Feed.Units().Reader()
	for range 20 {
		if _, err := jpeg.Decode(bytes.NewReader(next(t, units).Data)); err != nil {
			t.Error(err)
		}
	}
	if feed.Feed.Broken() < 5 {
		t.Errorf("%d broken pictures", feed.Feed.Broken())
	}
}

func md5Hex(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }

// TestPasswordIsNotSentInClearToACameraThatKnowsDigest checks a digest by RFC 2617 against a hand-made one.
func TestPasswordIsNotSentInClearToACameraThatKnowsDigest(t *testing.T) {
	url := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		authorization := r.Header.Get("Authorization")
		if strings.HasPrefix(authorization, "Basic") {
			t.Error("the password was sent in clear text")
		}
		want := md5Hex(md5Hex("admin:cam:hunter2") + ":n1:" + md5Hex("GET:/x"))
		if !strings.Contains(authorization, want) {
			w.Header().Set("WWW-Authenticate", `Digest realm="cam", nonce="n1"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "image/jpeg")
		w.Write(still)
	})
	runFeed(t, camtest.Source(t, strings.Replace(url, "http://", "http://admin:hunter2@", 1)+"/x")).Stream(t)
}

// TestPasswordIsNotSentInClearUnlessBasicIsAskedFor has cameras whose challenges framegate cannot answer.
func TestPasswordIsNotSentInClearUnlessBasicIsAskedFor(t *testing.T) {
	for offered, part := range map[string]string{
		`Digest realm="cam", nonce="n", algorithm=SHA3`:                    "asks for Digest with SHA3, which framegate does not answer",
		`Digest realm="cam", nonce="n", algorithm=SHA3, Basic realm="cam"`: "asks for Digest with SHA3 or Basic",
		`Bearer realm="cam"`: "asks for Bearer",
		"":                   "which does not say how to authenticate",
	} {
		url := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "" {
				t.Errorf("%q was answered with %s", offered, r.Header.Get("Authorization"))
			}
			if offered != "" {
				w.Header().Set("WWW-Authenticate", offered)
			}
			w.WriteHeader(http.StatusUnauthorized)
		})
		runFeed(t, camtest.Source(t, strings.Replace(url, "http://", "http://admin:hunter2@", 1)+"/x")).Fails(t, frame.Unauthorized, part)
	}
}

func TestHTTPSTrustsOnlyTheGivenCertificate(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		w.Write(still)
	}))
	t.Cleanup(server.Close)
	src := camtest.Source(t, server.URL)
	runFeed(t, src).Fails(t, frame.Unreachable, "certificate")
	src.TLSCA = certificateOf(t, server)
	runFeed(t, src).Stream(t)
}

// certificateOf writes the certificate of a server to a file and returns its path.
func certificateOf(t *testing.T, server *httptest.Server) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
