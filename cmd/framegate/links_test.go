package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"image/jpeg"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/internal/viewer"

	"github.com/chromedp/chromedp"
)

// ownAddress is an address of this machine from which a request comes from elsewhere. It skips the test if there is none.
func ownAddress(t *testing.T) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if network, ok := a.(*net.IPNet); ok && network.IP.To4() != nil && !network.IP.IsLoopback() && !network.IP.IsLinkLocalUnicast() {
			return network.IP.String()
		}
	}
	t.Skip("SKIPPED: this machine has no address but those of loopback")
	return ""
}

// signed is the link that 'framegate sign' prints.
func signed(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, status := run(t, append([]string{"sign"}, args...)...)
	link, rest, _ := strings.Cut(stdout, "\n")
	if status != 0 || link == "" || rest != "" {
		t.Fatalf("status %d, %q, %s", status, stdout, stderr)
	}
	return link
}

// imageOf is the answer to the request of an <img>.
func imageOf(t *testing.T, url string) (status int, mediaType string, body []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "image/avif,image/webp,image/*,*/*;q=0.8")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), body
}

func TestSignedLinkShowsACameraElsewhereUntilItEnds(t *testing.T) {
	address := ownAddress(t)
	t.Setenv("STATE_DIRECTORY", filepath.Join(t.TempDir(), "state"))
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360})
	path := config(t, "cameras: [{id: gate, url: '"+cameras.URL("cam1")+"'}]")
	p := start(t, "--config", path, "--listen", "127.0.0.1:0,"+net.JoinHostPort(address, "0"))
	p.until(t, "gate", "ready")
	var url string
	camtest.Until(t, "the second address is in the log", func() bool {
		_, rest, found := strings.Cut(p.Log(), `msg="serving too" url=`)
		url = strings.TrimSuffix(strings.Fields(rest + " ")[0], "/")
		return found && url != ""
	})

	if status, _, body := imageOf(t, url+"/cameras/gate/snapshot.jpg"); status != http.StatusForbidden {
		t.Fatalf("%d without a link: %.200s", status, body)
	}
	link := signed(t, url+"/cameras/gate/stream?width=320", "--config", path)
	if !strings.HasPrefix(link, url+"/cameras/gate/stream?width=320&expires=") {
		t.Fatal(link)
	}
	s, err := viewer.Open(t.Context(), link)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	picture, err := s.Next()
	if err != nil {
		t.Fatal(err)
	}
	if number, _, width, height := camtest.Read(t, picture.JPEG); number != 1 || width != 320 || height != 180 {
		t.Errorf("a picture of camera %d, %dx%d", number, width, height)
	}
	if status, mediaType, _ := imageOf(t, strings.Replace(link, "width=320", "width=321", 1)); status != http.StatusForbidden || mediaType != "image/jpeg" {
		t.Errorf("a link that was changed: %d %s", status, mediaType)
	}

	brief := signed(t, url+"/cameras/gate/snapshot.jpg?width=640", "--for", "1s", "--client", address, "--config", path)
	camtest.Until(t, "the link has expired", func() bool {
		status, mediaType, body := imageOf(t, brief)
		if status != http.StatusOK && status != http.StatusGone || mediaType != "image/jpeg" {
			t.Fatalf("%d %s", status, mediaType)
		}
		size, err := jpeg.DecodeConfig(bytes.NewReader(body))
		if err != nil || size.Width != 640 || size.Height != 360 {
			t.Fatalf("%d: %dx%d, %v", status, size.Width, size.Height, err)
		}
		return status == http.StatusGone
	})

	stdout, _, _ := run(t, "keys", "--config", path, "list")
	id, _, _ := strings.Cut(stdout, " ")
	if !strings.Contains(link, "&key="+id+"&") || strings.Count(stdout, "\n") != 1 {
		t.Fatalf("%s signed %s", stdout, link)
	}
	state := os.Getenv("STATE_DIRECTORY")
	if stdout, stderr, status := run(t, "keys", "--config", path, "revoke", id); status != 0 || stdout != "revoked the key "+id+" in "+state+"/link-keys.json\n" {
		t.Fatal(stdout, stderr)
	}
	for err == nil { // its stream ends
		_, err = s.Next()
	}
	if status, mediaType, _ := imageOf(t, link); status != http.StatusGone || mediaType != "image/jpeg" {
		t.Errorf("a link that was revoked: %d %s", status, mediaType)
	}
	again := signed(t, url+"/cameras/gate/snapshot.jpg", "--any", "--config", path)
	if status, _, body := imageOf(t, strings.Replace(again, "snapshot.jpg", "next.jpg", 1)); status != http.StatusOK {
		t.Errorf("a link of a new key: %d %.200s", status, body)
	}
	if stdout, stderr, status := run(t, "revoke", again, "--config", path); status != 0 || stdout != "revoked the link for gate in "+state+"/revoked-links.json\n" {
		t.Fatal(stdout, stderr)
	}
	for _, line := range []string{"link key made", "link key revoked", "link revoked"} {
		camtest.Until(t, line+" by a command is in the log", func() bool {
			return regexp.MustCompile(`msg="` + line + `" who=.+ from=command key=`).MatchString(p.Log())
		})
	}
	camtest.Until(t, "the link is revoked", func() bool {
		status, mediaType, _ := imageOf(t, again)
		return status == http.StatusGone && mediaType == "image/jpeg"
	})
	if stdout, _, status := run(t, "revoke", brief, "--config", path); status != 0 || stdout != "the link for gate has ended already\n" {
		t.Errorf("%d %s", status, stdout)
	}
	if _, stderr, status := run(t, "revoke", again+"x", "--config", path); status != 1 || !strings.Contains(stderr, "this is not a link that framegate accepts") {
		t.Errorf("%d %s", status, stderr)
	}
	for _, l := range []string{link, brief, again} {
		if _, signature, _ := strings.Cut(l, "signature="); strings.Contains(p.Log(), signature) {
			t.Errorf("the log has %s", signature)
		}
	}
}

func TestSignRefusesWhatIsNoPictureOfACamera(t *testing.T) {
	t.Setenv("STATE_DIRECTORY", filepath.Join(t.TempDir(), "state"))
	path := config(t, "cameras: [{id: gate, url: 'rtsp://127.0.0.1:1/x'}]")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"http://cams.example/api/cameras"}, `framegate: "/api/cameras" is not the path of a camera's picture: it must end in /cameras/ID/stream,`},
		{[]string{"/cameras/gat/stream"}, "framegate: there is no camera gat in " + path},
		{[]string{"/cameras/gate/stream", "--for", "tomorrow"}, `framegate: "tomorrow" is not a valid time for a link: write 90m, 36h or 30d`},
		{[]string{"/cameras/gate/stream", "--client", "cams.example"}, `framegate: "cams.example" is not the IP address of a client`},
		{[]string{"/cameras/gate/stream?width=999999"}, `framegate: width is "999999"; it must be a whole number from `},
		{[]string{"/cams/cameras/gate/snapshot.jpg?max_age=-1"}, `framegate: max_age is "-1"; it must be `},
		{[]string{"/cameras/gate/next.raw?format=xyz"}, `framegate: format is "xyz"; it must be `},
	} {
		stdout, stderr, status := run(t, append([]string{"sign", "--config", path}, c.args...)...)
		if status != 1 || stdout != "" || !strings.HasPrefix(stderr, c.want) {
			t.Errorf("%v: status %d, %q, %q", c.args, status, stdout, stderr)
		}
	}
	if link := signed(t, "/cameras/gate/stream", "--config", path); !strings.HasPrefix(link, "/cameras/gate/stream?expires=") {
		t.Error(link)
	}
}

// TestImgTagShowsWhyALinkHasEnded has Chromium show links in a page of another origin, over HTTP and over TLS.
func TestImgTagShowsWhyALinkHasEnded(t *testing.T) {
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360})
	for scheme, serve := range map[string]func(http.Handler) *httptest.Server{"http": httptest.NewServer, "https": httptest.NewTLSServer} {
		t.Run(scheme, func(t *testing.T) {
			ctx := browser(t, chromedp.Flag("ignore-certificate-errors", true))
			t.Setenv("STATE_DIRECTORY", filepath.Join(t.TempDir(), "state"))
			text := "cameras: [{id: gate, url: '" + cameras.URL("cam1") + "'}]"
			if scheme == "https" {
				text = "tls: self_signed\n" + text
			}
			path := config(t, text)
			p := start(t, "--config", path)
			good := signed(t, p.URL+"/cameras/gate/stream?width=480", "--config", path)
			expired := signed(t, p.URL+"/cameras/gate/stream?width=640", "--for", "1s", "--config", path)
			client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
			camtest.Until(t, "the link has expired", func() bool {
				resp, err := client.Get(expired)
				if err != nil {
					return false
				}
				resp.Body.Close()
				return resp.StatusCode == http.StatusGone
			})
			page := serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprintf(w, `<!doctype html><img src=%q><img src=%q><img src=%q>`, good, expired, strings.Replace(good, "width=480", "width=320", 1))
			}))
			defer page.Close()
			if _, err := chromedp.Run(ctx, chromedp.Navigate(page.URL)); err != nil {
				t.Fatal(err)
			}
			camtest.Within(t, time.Minute, "the three pictures are shown", func() bool {
				widths, err := chromedp.Run(ctx, chromedp.Evaluate[string](`[...document.images].map((i) => i.naturalWidth).join()`))
				if err != nil {
					t.Fatal(err)
				}
				return widths == "480,640,320"
			})
		})
	}
}
