package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/internal/testcam/mark"

	"github.com/chromedp/chromedp"
)

// commanded is an HTTP camera that sends a picture on command, and then waits.
type commanded struct {
	URL      string
	pictures chan []byte
}

func newCommanded(t *testing.T) *commanded {
	t.Helper()
	c := &commanded{pictures: make(chan []byte)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=b")
		control := http.NewResponseController(w)
		control.Flush()
		for {
			select {
			case picture := <-c.pictures:
				fmt.Fprintf(w, "--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", len(picture), picture)
				control.Flush()
			case <-r.Context().Done():
				return
			}
		}
	}))
	t.Cleanup(server.CloseClientConnections)
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

// send sends a picture with a frame number and returns when.
func (c *commanded) send(t *testing.T, number int) time.Time {
	t.Helper()
	const width, height = 640, 360
	picture := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	for plane := range slices.Values([][]byte{picture.Y, picture.Cb, picture.Cr}) {
		for i := range plane {
			plane[i] = 128
		}
	}
	mark.Draw(picture.Y, picture.YStride, width, height, 1, number)
	var file bytes.Buffer
	if err := jpeg.Encode(&file, picture, nil); err != nil {
		t.Fatal(err)
	}
	select {
	case c.pictures <- file.Bytes():
	case <-time.After(camtest.Patience):
		t.Fatal("framegate does not read the camera")
	}
	return time.Now()
}

// TestBrowserShowsEachPictureBeforeTheNextOneComes sends a picture only when the browser has painted the one before. So a browser
// that shows each picture when the next one comes shows none. It logs how long each picture took from the camera to the screenshot
// that shows it, which includes the time that the screenshot takes.
func TestBrowserShowsEachPictureBeforeTheNextOneComes(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) (open func(url string), shoot func() []byte){
		"chromium": func(t *testing.T) (func(string), func() []byte) {
			ctx := browser(t)
			return func(url string) { do(t, ctx, chromedp.Navigate(url)) }, func() []byte { return do(t, ctx, chromedp.CaptureScreenshot()) }
		},
		"firefox": func(t *testing.T) (func(string), func() []byte) {
			f := openFirefox(t)
			return func(url string) { f.open(t, url) }, func() []byte { return f.screenshot(t) }
		},
		"webkit": func(t *testing.T) (func(string), func() []byte) {
			w := openWebKit(t)
			return func(url string) { w.open(t, url) }, w.screenshot
		},
	} {
		t.Run(name, func(t *testing.T) {
			open, shoot := open(t)
			camera := newCommanded(t)
			p := start(t, "--config", config(t, fmt.Sprintf("cameras: [{id: gate, url: %q, stall_timeout: 2m}]", camera.URL)))
			page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/empty" {
					return
				}
				fmt.Fprintf(w, `<!doctype html><body style="margin:0"><img width="640" height="360" src="%s/cameras/gate/stream">`, p.URL)
			}))
			defer page.Close()
			camera.send(t, 1)
			p.until(t, "gate", "ready")
			open(page.URL + "/empty") // chromedp starts the browser here
			sent := time.Now()
			open(page.URL)
			var delays []time.Duration
			for number := 1; number <= 6; number++ {
				if number > 1 {
					sent = camera.send(t, number)
				}
				camtest.Until(t, fmt.Sprintf("picture %d is painted", number), func() bool { return numberIn(t, shoot()) == number })
				delays = append(delays, time.Since(sent).Round(time.Millisecond))
			}
			t.Logf("the first picture is shown %v after the page was requested, the others %v after they were sent", delays[0], delays[1:])
		})
	}
}

// numberIn reads the frame number from a screenshot whose top left is a picture of 640x360. It returns 0 if there is none.
func numberIn(t *testing.T, shot []byte) int {
	t.Helper()
	if shot == nil {
		return 0
	}
	page, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	picture := page.(interface {
		SubImage(image.Rectangle) image.Image
	}).SubImage(image.Rect(0, 0, 640, 360))
	if _, number, err := mark.Read(picture); err == nil {
		return number
	}
	return 0
}

// do runs a chromedp action and returns its result.
func do[T any](t *testing.T, ctx context.Context, action chromedp.Action[T]) T {
	t.Helper()
	result, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatal(err)
	}
	return result
}
