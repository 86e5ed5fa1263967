package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// TestWallShowsAnyNumberOfCameras over TLS as streams of one connection, and over HTTP/1.1 over a WebSocket.
func TestWallShowsAnyNumberOfCameras(t *testing.T) {
	const most = 64
	ctx := browser(t, chromedp.Flag("ignore-certificate-errors", true))
	t.Setenv("STATE_DIRECTORY", t.TempDir())
	list := make([]testcam.Camera, most)
	for i := range list {
		list[i] = testcam.Camera{Width: 320, Height: 180, FPS: 2, Shared: true}
	}
	cameras := camtest.Start(t, list...)
	for _, c := range []struct {
		count     int
		tls, mode string
	}{{1, "tls: self_signed\n", "stream"}, {4, "tls: self_signed\n", "stream"}, {16, "tls: self_signed\n", "stream"}, {most, "tls: self_signed\n", "stream"}, {most, "", "socket"}} {
		t.Run(fmt.Sprintf("%d as %s", c.count, c.mode), func(t *testing.T) {
			var text strings.Builder
			text.WriteString(c.tls + "cameras:\n")
			for i, name := range cameras.Names()[:c.count] {
				fmt.Fprintf(&text, "  - {id: %s, name: Camera %d, url: %q}\n", name, i+1, cameras.URL(name))
			}
			p := start(t, "--config", config(t, text.String()))
			do(t, ctx, chromedp.EmulateViewport(1280, 800))
			do(t, ctx, chromedp.Navigate(p.URL+"/"))
			untilTrue(t, ctx, "all cameras are there", fmt.Sprintf(`cameras.length === %d && [...tiles.values()].every((tile) => tile.mode === '%s')`, c.count, c.mode))
			camtest.Within(t, 2*time.Minute, "each tile has shown three different pictures", func() bool { return do(t, ctx, chromedp.Evaluate[int](sampleTiles)) >= 3 })
			untilTrue(t, ctx, "all of them fit on the screen, and are live", `document.documentElement.scrollHeight <= innerHeight &&
				[...document.querySelectorAll('.camera .state')].every((e) => e.textContent === 'live')`)
			if c.tls != "" {
				keepWebP(t, ctx, fmt.Sprint("wall-", c.count))
			}
		})
	}
}

// keepWebP is keepScreenshot for a small file, such as those of the manual.
func keepWebP(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	quality := int64(70)
	shot := do(t, ctx, chromedp.Action[page.CaptureScreenshotResult](func(ctx context.Context, t *chromedp.Target) (page.CaptureScreenshotResult, error) {
		return cdp.Call(ctx, t, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatWebp, Quality: &quality})
	}))
	if err := os.WriteFile(filepath.Join(dir, name+".webp"), shot.Data, 0o600); err != nil {
		t.Fatal(err)
	}
}
