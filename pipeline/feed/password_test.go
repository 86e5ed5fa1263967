package feed

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/textproto"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
)

// TestWrongPasswordIsSentOnce over RTSP by both readers, and over HTTP: cameras lock an account after a few.
func TestWrongPasswordIsSentOnce(t *testing.T) {
	for name, challenge := range map[string]string{"digest": `Digest realm="cam", nonce="n"`, "basic": `Basic realm="cam"`} {
		for _, reader := range rtspReaders {
			t.Run(name+" by "+string(reader), func(t *testing.T) {
				t.Parallel()
				url, sent := refuseRTSP(t, challenge)
				src := camtest.Source(t, url)
				src.Username, src.Password, src.Reader = "admin", "hunter2", reader
				runFeed(t, src).Fails(t, frame.Unauthorized, "check username and password")
				if n := sent.Load(); n != 1 {
					t.Errorf("sent %d times", n)
				}
			})
		}
		t.Run(name+" over HTTP", func(t *testing.T) {
			t.Parallel()
			var sent atomic.Int64
			src := camtest.Source(t, serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "" {
					sent.Add(1)
				}
				w.Header().Set("WWW-Authenticate", challenge)
				w.WriteHeader(http.StatusUnauthorized)
			}))
			src.Username, src.Password = "admin", "hunter2"
			runFeed(t, src).Fails(t, frame.Unauthorized, "check username and password")
			if n := sent.Load(); n != 1 {
				t.Errorf("sent %d times", n)
			}
		})
	}
}

// TestPasswordIsNotSentInClearByRTSPSrc to cameras that offer a Digest too, which rtspsrc does not know.
func TestPasswordIsNotSentInClearByRTSPSrc(t *testing.T) {
	for challenge, want := range map[string]string{
		`Digest realm="cam", nonce="n", algorithm=SHA-256, Basic realm="cam"`:                         "asks for Digest with SHA-256 or Basic, which rtspsrc does not answer; reader: builtin may",
		`Basic realm="cam"` + "\r\nWWW-Authenticate: " + `Digest realm="cam", nonce="n", algorithm=X`: "asks for Basic or Digest with X",
		`Digest realm="cam", nonce="n", algorithm="MD5-sess"`:                                         "asks for Digest with MD5-sess",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			url, sent := refuseRTSP(t, challenge)
			src := camtest.Source(t, url)
			src.Username, src.Password, src.Reader = "admin", "hunter2", configs.RTSPSrc
			runFeed(t, src).Fails(t, frame.Unauthorized, want)
			if n := sent.Load(); n > 0 {
				t.Errorf("sent %d times", n)
			}
		})
	}
}

// refuseRTSP serves an RTSP camera that refuses every password. It returns its URL, and how many passwords it has got.
func refuseRTSP(t *testing.T, challenge string) (url string, sent *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	sent = &atomic.Int64{}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for r := textproto.NewReader(bufio.NewReader(conn)); ; {
					first, _ := r.ReadLine()
					header, err := r.ReadMIMEHeader()
					if err != nil {
						return
					}
					status := "401 Unauthorized\r\nWWW-Authenticate: " + challenge
					if strings.HasPrefix(first, "OPTIONS ") {
						status = "200 OK\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"
					} else if header.Get("Authorization") != "" {
						sent.Add(1)
					}
					fmt.Fprintf(conn, "RTSP/1.0 %s\r\nCSeq: %s\r\n\r\n", status, header.Get("CSeq"))
				}
			}()
		}
	}()
	return "rtsp://" + listener.Addr().String() + "/x", sent
}

// TestNonceThatIsTooOldIsReplaced over HTTP, whether the camera has accepted the password before or not.
func TestNonceThatIsTooOldIsReplaced(t *testing.T) {
	for name, valid := range map[string]func(asked, given int) bool{
		"after three pictures": func(asked, given int) bool { return asked/3 == given/3 },
		"before the first one": func(_, given int) bool { return given > 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			feed := oftenAsked(t, strings.Replace(serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
				n := int(requests.Add(1)) - 1
				given, stale := -1, ""
				if _, rest, ok := strings.Cut(r.Header.Get("Authorization"), `nonce="n`); ok {
					fmt.Sscan(strings.SplitN(rest, `"`, 2)[0], &given)
					stale = ", stale=true"
				}
				if given < 0 || !valid(n, given) {
					w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Digest realm="cam", nonce="n%d", qop="auth"%s`, n, stale))
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				w.Header().Set("Content-Type", "image/jpeg")
				w.Write(still)
			}), "http://", "http://admin:hunter2@", 1)+"/x", camtest.Patience)
			units := feed.Feed.Units().Reader()
			for range 8 {
				next(t, units)
			}
		})
	}
}
