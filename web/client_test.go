package web

import (
	"bytes"
	"context"
	"image/jpeg"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/viewer"
)

// headersOf are the headers by which a client is recognised. An empty one is not sent.
type headersOf struct {
	agent, accept, dest string
	want                client
}

// clients are what browsers and programs send for <img>, unless the key says otherwise.
var clients = map[string]headersOf{
	"Chromium 156":                     {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36", "image/jxl,image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "image", chromium},
	"Chrome, http elsewhere":           {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "", chromium},
	"Chrome, an address typed in":      {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8", "document", chromium},
	"Chrome, in an iframe":             {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36", "text/html,application/xhtml+xml,image/avif,image/webp,image/apng,*/*;q=0.8", "iframe", chromium},
	"Edge":                             {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36 Edg/150.0.0.0", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "", chromium},
	"Android's WebView":                {"Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UQ1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/120.0.0.0 Mobile Safari/537.36", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "", chromium},
	"Chrome, without Accept":           {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36", "", "", webKit},
	"Safari, without Accept":           {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15", "", "", webKit},
	"Chromium under another name":      {"Kiosk/1.0", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "", chromium},
	"Chromium, a script":               {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36", "image/avif,image/apng,*/*", "empty", anyClient},
	"Chrome, a script elsewhere":       {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36", "*/*", "", anyClient},
	"WebKitGTK":                        {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/60.5 Safari/605.1.15", "image/webp,image/avif,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", "image", webKit},
	"Safari":                           {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15", "image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", "", webKit},
	"Safari, an address typed in":      {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "document", webKit},
	"Chrome of iOS":                    {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/124.0.6367.88 Mobile/15E148 Safari/604.1", "image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", "", webKit},
	"Safari, a script or of 2015":      {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15", "*/*", "", anyClient},
	"Safari, a script on this machine": {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15", "*/*", "empty", anyClient},
	"Firefox":                          {"Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", "image", anyClient},
	"curl":                             {"curl/7.88.1", "*/*", "", anyClient},
	"curl that calls itself Chrome":    {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36", "*/*", "", anyClient},
	"ffmpeg":                           {"Lavf/59.27.100", "*/*", "", anyClient},
	"VLC":                              {"VLC/3.0.24 LibVLC/3.0.24", "", "", anyClient},
	"a program that says nothing":      {"", "", "", anyClient},
}

func TestClientIsRecognised(t *testing.T) {
	for name, c := range clients {
		r, _ := http.NewRequest(http.MethodGet, "/", nil)
		c.set(r.Header)
		if got := clientOf(r); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// TestNewestPictureIsShownBeforeTheNextOne watches a camera that sends one picture, and reads what makes each client show it.
func TestNewestPictureIsShownBeforeTheNextOne(t *testing.T) {
	config, err := configs.Parse("test.yaml", []byte("cameras: [{id: still, url: 'rtsp://h/still'}]"), nil)
	if err != nil {
		t.Fatal(err)
	}
	url := serveConfig(t, config, nil) + "/cameras/still/stream"
	_, snapshot := get(t, url[:len(url)-len("stream")]+"snapshot.jpg")
	for name, c := range clients {
		switch c.want {
		case chromium:
			expectHeadAhead(t, name, url, c.set, len(snapshot))
		case webKit:
			expectRepeat(t, name, url, c.set)
		case anyClient:
			s, err := open(t, url, c.set)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Next(); err != nil { // which reads the boundary behind the picture
				t.Errorf("%s: %v", name, err)
			}
			s.Close()
		}
	}
}

// expectHeadAhead reads a picture of a size and the complete head of the next part.
func expectHeadAhead(t *testing.T, name, url string, set func(http.Header), size int) {
	t.Helper()
	const head = "--frame\r\nContent-Type: image/jpeg\r\n\r\n"
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	set(r.Header)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body := make([]byte, len(head)+size+len("\r\n"+head))
	if _, err := io.ReadFull(resp.Body, body); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	picture, before := bytes.CutPrefix(body, []byte(head))
	picture, behind := bytes.CutSuffix(picture, []byte("\r\n"+head))
	if _, err := jpeg.Decode(bytes.NewReader(picture)); !before || !behind || err != nil {
		t.Errorf("%s: %v %q", name, err, body)
	}
}

// expectRepeat reads a picture twice.
func expectRepeat(t *testing.T, name, url string, set func(http.Header)) {
	t.Helper()
	s, err := open(t, url, set)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	first, err := s.Next()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	picture := bytes.Clone(first.JPEG)
	if again, err := s.Next(); err != nil || !bytes.Equal(again.JPEG, picture) || !again.Received.Equal(first.Received) {
		t.Errorf("%s: %v, and not the same picture", name, err)
	}
}

// set sets the headers of a client.
func (c headersOf) set(h http.Header) {
	h["User-Agent"] = []string{c.agent} // an empty one keeps net/http from sending its own
	for name, value := range map[string]string{"Accept": c.accept, "Sec-Fetch-Dest": c.dest} {
		if value != "" {
			h.Set(name, value)
		}
	}
}

// open opens a stream with headers of a client. It ends after a while, so that a test which waits for a picture in vain fails.
func open(t *testing.T, url string, set func(http.Header)) (*viewer.Stream, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	t.Cleanup(cancel)
	return viewer.OpenVia(ctx, &http.Client{Transport: withHeaders(set)}, url)
}

// withHeaders sets headers of each request.
type withHeaders func(http.Header)

// RoundTrip implements http.RoundTripper.
func (set withHeaders) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	set(r.Header)
	return http.DefaultTransport.RoundTrip(r)
}
