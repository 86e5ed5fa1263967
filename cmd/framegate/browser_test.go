package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/internal/testcam/mark"

	"github.com/chromedp/chromedp"
)

// browser opens a headless Chromium, with further options. It skips the test without one, and with -short.
func browser(t *testing.T, more ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED with -short: it needs a browser")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("SKIPPED: the browser tests need chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), append(options, more...)...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// TestImgTagOfAnotherOriginShowsMovingPictures reads the frame numbers from what Chromium has painted.
func TestImgTagOfAnotherOriginShowsMovingPictures(t *testing.T) {
	ctx := browser(t)
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360})
	p := start(t, "--config", config(t, "cameras: [{id: gate, url: '"+cameras.URL("cam1")+"'}]"))
	p.until(t, "gate", "ready")
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<!doctype html><body style="margin:0"><img id="gate" width="640" height="360" src="%s/cameras/gate/stream">`, p.URL)
	}))
	defer page.Close()
	if _, err := chromedp.Run(ctx, chromedp.Navigate(page.URL)); err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	camtest.Until(t, "Chromium has painted three different frames", func() bool {
		shot, err := chromedp.Run(ctx, chromedp.Screenshot("#gate"))
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(shot))
		if err != nil {
			t.Fatal(err)
		}
		if camera, frame, err := mark.Read(picture); err == nil {
			if camera != 1 {
				t.Fatalf("a picture of camera %d", camera)
			}
			seen[frame] = true
		}
		return len(seen) >= 3
	})
}

// TestChromiumShowsThirtyTwoStreamsOfOnePage would show six over HTTP/1.1.
func TestChromiumShowsThirtyTwoStreamsOfOnePage(t *testing.T) {
	const tiles, columns, width, height = 32, 8, 64, 48
	ctx := browser(t, chromedp.Flag("ignore-certificate-errors", true))
	t.Setenv("STATE_DIRECTORY", t.TempDir())
	p := start(t, "--config", config(t, "tls: self_signed\ncameras: [{id: ball, url: 'test://ball?width=64&height=48&fps=5'}]"))
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<!doctype html><body style="margin:0"><div id="tiles" style="display:grid;width:%dpx;grid-template-columns:repeat(%d,%dpx)">`, columns*width, columns, width)
		for i := range tiles {
			fmt.Fprintf(w, `<img width="%d" height="%d" src="%s/cameras/ball/stream?_=%d">`, width, height, p.URL, i)
		}
	}))
	defer page.Close()
	if _, err := chromedp.Run(ctx, chromedp.Navigate(page.URL)); err != nil {
		t.Fatal(err)
	}
	seen := make([]map[[sha256.Size]byte]bool, tiles)
	for i := range seen {
		seen[i] = map[[sha256.Size]byte]bool{}
	}
	blank := sha256.Sum256(bytes.Repeat([]byte{255}, 4*width*height))
	camtest.Within(t, 2*time.Minute, "each <img> has shown three different pictures", func() bool {
		shot, err := chromedp.Run(ctx, chromedp.Screenshot("#tiles"))
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(shot))
		if err != nil {
			t.Fatal(err)
		}
		least := len(seen[0])
		for i := range seen {
			tile := image.NewRGBA(image.Rect(0, 0, width, height))
			draw.Draw(tile, tile.Rect, picture, image.Pt(i%columns*width, i/columns*height), draw.Src)
			if sum := sha256.Sum256(tile.Pix); sum != blank {
				seen[i][sum] = true
			}
			least = min(least, len(seen[i]))
		}
		return least >= 3
	})
}

func TestWallShowsEveryCameraAndSaysWhyOneIsLost(t *testing.T) {
	ctx := browser(t)
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360}, testcam.Camera{Width: 640, Height: 360})
	for _, more := range []int{0, 4} { // streams, and a WebSocket
		text := fmt.Sprintf("cameras: [{id: a, url: %q}, {id: away, url: 'rtsp://127.0.0.1:1/x'}", cameras.URL("cam1"))
		for i := range more {
			text += fmt.Sprintf(", {id: c%d, url: %q}", i, cameras.URL("cam2"))
		}
		p := start(t, "--config", config(t, text+"]"))
		p.until(t, "a", "ready")
		p.until(t, "away", "lost")
		if _, err := chromedp.Run(ctx, chromedp.Navigate(p.URL+"/")); err != nil {
			t.Fatal(err)
		}
		camtest.Until(t, "all cameras but one are shown", func() bool {
			shown, err := chromedp.Run(ctx, chromedp.Evaluate[int](shown))
			if err != nil {
				t.Fatal(err)
			}
			return shown == more+1
		})
		fault, err := chromedp.Run(ctx, chromedp.Text(`[data-camera=away] .fault`))
		if err != nil {
			t.Fatal(err)
		}
		if fault != "connect to 127.0.0.1:1: connection refused" {
			t.Errorf("the wall says %q", fault)
		}
	}
}
