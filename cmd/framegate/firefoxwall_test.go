package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/testcam/camtest"
)

// TestFirefoxShowsTheDemo looks at what Firefox has painted. scripts/firefox.sh runs it and keeps the pictures.
func TestFirefoxShowsTheDemo(t *testing.T) {
	demo, err := process.StartDemo(binary)
	p := untilEnd(t, demo, err)
	f := openFirefox(t)
	f.conn.SetDeadline(time.Now().Add(5 * time.Minute))
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<!doctype html><img src="%s/cameras/gate/stream">`, p.URL)
	}))
	defer page.Close()
	for name, url := range map[string]string{"firefox-wall": p.URL + "/", "firefox-stream": page.URL} {
		f.open(t, url)
		var first image.Image
		camtest.Within(t, time.Minute, name+" is not blank", func() bool {
			first = painted(t, f.screenshot(t))
			return share(first, first, func(a, _ color.RGBA) bool { return max(a.R, a.G, a.B)-min(a.R, a.G, a.B) > 20 }) > 0.02
		})
		camtest.Within(t, time.Minute, name+" moves", func() bool {
			next := painted(t, f.screenshot(t))
			return share(first, next, func(a, b color.RGBA) bool { return !near(a.R, b.R) || !near(a.G, b.G) || !near(a.B, b.B) }) > 0.005
		})
		if dir := os.Getenv("SCREENSHOTS"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, name+".png"), f.screenshot(t), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// painted decodes a screenshot.
func painted(t *testing.T, shot []byte) image.Image {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// share is the part of the pixels of two pictures of the same size for which something is true.
func share(a, b image.Image, is func(a, b color.RGBA) bool) float64 {
	n, all := 0, a.Bounds().Intersect(b.Bounds())
	for y := all.Min.Y; y < all.Max.Y; y++ {
		for x := all.Min.X; x < all.Max.X; x++ {
			if is(color.RGBAModel.Convert(a.At(x, y)).(color.RGBA), color.RGBAModel.Convert(b.At(x, y)).(color.RGBA)) {
				n++
			}
		}
	}
	return float64(n) / float64(all.Dx()*all.Dy())
}
