package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
)

// TestProbeSaysWhatIsOdd has a camera over HTTP whose lengths are wrong, and one that sends no picture at all.
func TestProbeSaysWhatIsOdd(t *testing.T) {
	var picture bytes.Buffer
	if err := jpeg.Encode(&picture, image.NewGray(image.Rect(0, 0, 64, 48)), nil); err != nil {
		t.Fatal(err)
	}
	camera := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=b")
		for r.Context().Err() == nil {
			if r.URL.Path == "/text" {
				fmt.Fprint(w, "--b\r\nContent-Type: text/plain\r\n\r\nno picture\r\n--b--\r\n")
				return
			}
			fmt.Fprintf(w, "--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", picture.Len()+7, picture.Bytes())
			http.NewResponseController(w).Flush()
			time.Sleep(50 * time.Millisecond) // its rate
		}
	}))
	t.Cleanup(camera.Close)
	stdout, stderr, status := run(t, "probe", "--look", "1s", camera.URL)
	if status != 0 || !strings.Contains(stdout, "Content-Length 7 bytes too long") {
		t.Errorf("status %d, %s%s", status, stdout, stderr)
	}
	stdout, stderr, status = run(t, "probe", "--timeout", "1s", camera.URL+"/text")
	if status != 1 || !strings.Contains(stderr, "odd: parts of \"text/plain\"") {
		t.Errorf("status %d, %s%s", status, stdout, stderr)
	}
}

// TestProbeSaysThatACameraSpeaksOldTLS has a camera that knows nothing newer than TLS 1.1.
func TestProbeSaysThatACameraSpeaksOldTLS(t *testing.T) {
	camera := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		jpeg.Encode(w, image.NewGray(image.Rect(0, 0, 64, 48)), nil)
	}))
	camera.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	camera.StartTLS()
	t.Cleanup(camera.Close)
	stdout, stderr, status := run(t, "probe", "--look", "1s", camera.URL)
	if status != 1 || !strings.Contains(stderr, "it may know old versions of TLS only") {
		t.Errorf("status %d, %s%s", status, stdout, stderr)
	}
	stdout, stderr, status = run(t, "probe", "--look", "1s", "--no-tls-verify", camera.URL)
	if status != 0 || !strings.Contains(stdout, "too old to protect what is sent") {
		t.Errorf("status %d, %s%s", status, stdout, stderr)
	}
}

// TestProbeReadsACameraWhoseCertificateHasANegativeSerialNumber which Go refuses by default even where no certificate is checked.
func TestProbeReadsACameraWhoseCertificateHasANegativeSerialNumber(t *testing.T) {
	config, _ := testcam.SelfSigned()
	camtest.NegateSerial(t, config)
	camera := camtest.StartConfig(t, testcam.Config{Cameras: []testcam.Camera{{Width: 320, Height: 180, KeyframeInterval: 5}}, TLS: config})
	if stdout, stderr, status := run(t, "probe", "--look", "1s", "--no-tls-verify", camera.URL("cam1")); status != 0 {
		t.Errorf("status %d, %s%s", status, stdout, stderr)
	}
}

// TestProbeReadsWithTheReaderThatIsGiven has a camera that refuses every password, in a way that the readers explain differently.
func TestProbeReadsWithTheReaderThatIsGiven(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for r := textproto.NewReader(bufio.NewReader(conn)); ; {
					r.ReadLine()
					header, err := r.ReadMIMEHeader()
					if err != nil {
						return
					}
					fmt.Fprintf(conn, "RTSP/1.0 401 Unauthorized\r\nCSeq: %s\r\nWWW-Authenticate: Digest realm=\"cam\", nonce=\"n\", algorithm=SHA-256\r\n\r\n", header.Get("CSeq"))
				}
			}()
		}
	}()
	for reader, want := range map[string]string{"builtin": "check username and password", "rtspsrc": "asks for Digest with SHA-256, which rtspsrc does not answer"} {
		stdout, stderr, status := run(t, "probe", "--reader", reader, "rtsp://admin:hunter2@"+listener.Addr().String()+"/x")
		if status != 1 || !strings.Contains(stderr, want) || strings.Contains(stderr, "hunter2") {
			t.Errorf("%s: status %d, %s%s", reader, status, stdout, stderr)
		}
	}
}

func TestProbeSaysTheSizeAtWhichPicturesAreShown(t *testing.T) {
	camera := camtest.Start(t, testcam.Camera{Width: 704, Height: 576, FPS: 10, PixelAspect: frame.Ratio{Width: 16, Height: 11}})
	stdout, stderr, status := run(t, "probe", "--json", "--look", "1s", camera.URL("cam1"))
	var found probed
	if err := json.Unmarshal([]byte(stdout), &found); err != nil || status != 0 {
		t.Fatalf("status %d, %v, %s%s", status, err, stdout, stderr)
	}
	if found.Width != 1024 || found.Height != 576 || found.CodedWidth != 704 || found.CodedHeight != 576 || found.PixelAspect != "16:11" {
		t.Errorf("%+v", found)
	}
}

// TestProbeSaysInALineWhatExplainsThePictures has what was found of cameras about whose pictures people wonder.
func TestProbeSaysInALineWhatExplainsThePictures(t *testing.T) {
	for name, c := range map[string]struct {
		found probed
		want  string // a line
	}{
		"pixels that are not square": {probed{FPS: 25, Width: 1024, Height: 576, CodedWidth: 704, CodedHeight: 576, PixelAspect: "16:11"}, "size 1024x576: the camera sends 704x576 with pixels of 16:11"},
		"square pixels":              {probed{Width: 640, Height: 360, CodedWidth: 640, CodedHeight: 360}, "size 640x360"},
		"rare keyframes":             {probed{FPS: 25, KeyframeInterval: 60}, "keyframes every 60.00 s"},
		"no second keyframe":         {probed{FPS: 25}, "keyframes none after the first"},
		"intra refresh":              {probed{FPS: 25, RefreshInterval: 1.5}, "keyframes none; instead the camera refreshes the whole picture gradually, once every 1.50 s"},
		"a slow camera":              {probed{FPS: 0.14}, "fps 0.14"},
		"a very slow camera":         {probed{}, "fps not measured: too few pictures came within 6s; a longer --look may be enough"},
		"something odd":              {probed{Oddities: []string{"JPEGs have \x1b[2Jno end marker"}}, `odd JPEGs have \u001b[2Jno end marker`},
	} {
		var out bytes.Buffer
		c.found.print(&out, 6*time.Second)
		var lines []string
		for line := range strings.Lines(out.String()) {
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
		if !slices.Contains(lines, c.want) {
			t.Errorf("%s: no %q in\n%s", name, c.want, &out)
		}
	}
}
