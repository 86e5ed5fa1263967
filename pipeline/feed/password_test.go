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
	"github.com/framegate/framegate/pipeline/challenge"
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

// TestWrongPasswordIsSentOnceByAllStreamsOfACamera that connect at the same time, and again.
func TestWrongPasswordIsSentOnceByAllStreamsOfACamera(t *testing.T) {
	for _, reader := range rtspReaders {
		t.Run(string(reader), func(t *testing.T) {
			url, sent := refuseRTSP(t, `Digest realm="cam", nonce="n"`)
			var accounts challenge.Accounts
			var running []*camtest.Running[*Feed]
			for _, path := range []string{"/sub", "/other", "/third"} {
				src := camtest.Source(t, url+path)
				src.Username, src.Password, src.Reader = "admin", "hunter2", reader
				feed, err := New(src)
				if err != nil {
					t.Fatal(err)
				}
				feed.UseAccounts(&accounts)
				running = append(running, camtest.Run(t, feed))
				if reader == configs.RTSPSrc { // nobody knows when it sends the password
					running[len(running)-1].Fails(t, frame.Unauthorized, "check username and password")
				}
			}
			for _, r := range running {
				r.Fails(t, frame.Unauthorized, "check username and password")
			}
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

// TestCameraThatClosesTheConnectionAtThePasswordMayHaveRefusedIt so that it is not sent every second.
func TestCameraThatClosesTheConnectionAtThePasswordMayHaveRefusedIt(t *testing.T) {
	url, sent := refuseRTSP(t, "")
	src := camtest.Source(t, url)
	src.Username, src.Password = "admin", "hunter2"
	feed, err := New(src)
	if err != nil {
		t.Fatal(err)
	}
	for n := int64(1); n <= 3; n++ {
		camtest.Run(t, feed).Fails(t, frame.Unauthorized, "closed the connection when it got the password, and may have refused it: check username and password")
		if got := sent.Load(); got != n {
			t.Errorf("sent %d times in %d attempts", got, n)
		}
	}
}

// refuseRTSP serves an RTSP camera that refuses every password. offer is its challenge; if that is empty, it closes the connection when
// it gets a password. It returns its URL, and how many passwords it has got.
func refuseRTSP(t *testing.T, offer string) (url string, sent *atomic.Int64) {
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
					status := "401 Unauthorized\r\nWWW-Authenticate: " + offer
					if strings.HasPrefix(first, "OPTIONS ") {
						status = "200 OK\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"
					} else if header.Get("Authorization") != "" {
						sent.Add(1)
						if offer == "" {
							return
						}
					} else if offer == "" {
						status += `Basic realm="cam"`
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
