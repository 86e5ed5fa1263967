package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam/camtest"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// crops is a proxy that holds requests for parts of the picture until they are let through.
type crops struct {
	URL  string
	held chan struct{} // receives when a request is held
	let  chan struct{} // lets one through
}

func holdCrops(t *testing.T, p serving) *crops {
	t.Helper()
	to, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := &crops{held: make(chan struct{}, 100), let: make(chan struct{}, 100)}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }, FlushInterval: -1}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.RawQuery, "crop=") {
			c.held <- struct{}{}
			select {
			case <-c.let:
			case <-r.Context().Done():
				return
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	c.URL = server.URL
	return c
}

// wait waits until another request is held.
func (c *crops) wait(t *testing.T) {
	t.Helper()
	select {
	case <-c.held:
	case <-time.After(camtest.Patience):
		t.Fatal("the page requests no part")
	}
}

// zoomOf is the Zoom of the page.
const zoomOf = `[...tiles.values()][0].zoom`

func TestDragWaitsForThePicturesThatAreBeingLoaded(t *testing.T) {
	p := start(t, "--config", config(t, fmt.Sprintf("cameras: [{id: a, url: %q, poll_interval: 100ms}]", quartered(t, 1920, 1080))))
	p.until(t, "a", "ready")
	c := holdCrops(t, p)
	z := openZoomAt(t, c.URL)
	z.doubleClick(0.1, 0.1)
	c.wait(t)
	z.mouse(input.DispatchMouseEventTypeMousePressed, 0.9, 0.5, chromedp.ButtonLeft)
	for i := range 4 { // the hand rests four times
		z.mouse(input.DispatchMouseEventTypeMouseMoved, 0.7-0.2*float64(i), 0.5, chromedp.ButtonLeft)
		untilTrue(t, z.ctx, "the page has seen the move", "!"+zoomOf+".timer")
	}
	z.mouse(input.DispatchMouseEventTypeMouseReleased, 0.1, 0.5, chromedp.ButtonLeft)
	if n := len(c.held); n > 0 {
		t.Errorf("%d parts were requested while the first was being loaded", n)
	}
	c.let <- struct{}{}
	c.wait(t)
	c.let <- struct{}{}
	if v, _ := z.settled("the last part is shown"); v.X < 0.25 {
		t.Errorf("the drag leads to %+v", v)
	}
	if n := len(c.held); n > 0 {
		t.Errorf("%d more parts were requested", n)
	}
	camtest.Until(t, "the streams of the other parts have ended", func() bool { return p.camera(t, "a").Viewers == 1 })
	if gaps := do(t, z.ctx, chromedp.Evaluate[int](`window.gaps`)); gaps > 0 {
		t.Errorf("%d frames of the page were without a picture", gaps)
	}
}

func TestSmallMovesNeedNoNewPictures(t *testing.T) {
	z, _ := openZoom(t)
	z.doubleClick(0.1, 0.1)
	before, _ := z.settled("a part is shown")
	const src = `document.images[0].src`
	part := do(t, z.ctx, chromedp.Evaluate[string](src))
	do(t, z.ctx, chromedp.Evaluate[string](zoomOf+`.pan(0.05, 0.05), ''`))
	if v, _ := z.settled("another part is shown"); v == before {
		t.Errorf("the part is still %+v", v)
	}
	if now := do(t, z.ctx, chromedp.Evaluate[string](src)); now != part {
		t.Errorf("the page has changed from %s to %s", part, now)
	}
}

func TestStreamThatIsOpenedAgainDoesNotMoveThePicture(t *testing.T) {
	p := start(t, "--config", config(t, fmt.Sprintf("cameras: [{id: a, url: %q, poll_interval: 100ms}]", quartered(t, 1920, 1080))))
	p.until(t, "a", "ready")
	c := holdCrops(t, p)
	z := openZoomAt(t, c.URL)
	z.doubleClick(0.1, 0.1)
	c.wait(t)
	do(t, z.ctx, chromedp.Evaluate[string](`[...tiles.values()][0].stream(), ''`)) // as when the camera is back
	c.wait(t)
	if q := z.quarter(0.9, 0.7); q != 0 {
		t.Errorf("the page shows quarter %d at the bottom right, want the first", q)
	}
	c.let <- struct{}{}
	c.let <- struct{}{} // the first has gone, and may take one
	z.settled("the part is shown")
}

func TestWindowsOfDifferentSizesShareARendition(t *testing.T) {
	for camera, want := range map[int]int{1920: 1280, 1360: 1360, 704: 704} {
		p := start(t, "--config", config(t, fmt.Sprintf("cameras: [{id: a, url: %q, poll_interval: 100ms}]", quartered(t, camera, camera*9/16&^7))))
		p.until(t, "a", "ready")
		z := zoomed{t: t, ctx: browser(t)}
		var seen []int
		for _, window := range []int64{1010, 1150, 1250, 1300} {
			do(t, z.ctx, chromedp.EmulateViewport(window, 900))
			do(t, z.ctx, chromedp.Navigate(p.URL+"/cameras/a"))
			untilTrue(t, z.ctx, "the camera is shown", shown+` === 1 && `+zoomOf+`.loaded.width > 0`)
			_, pixels := z.settled("the camera is shown")
			seen = append(seen, pixels)
		}
		if slices.Min(seen) != want || slices.Max(seen) != want {
			t.Errorf("windows of different sizes show the camera of %d pixels at %v, want %d", camera, seen, want)
		}
		if want == camera {
			untilTrue(t, z.ctx, "the camera's own pictures are shown", textOf("[data-fact=plan]")+`.includes('pass-through')`)
		}
	}
}

func TestPageOfACameraWithoutRoomShowsWhatHasAPlace(t *testing.T) {
	p := start(t, "--config", config(t, fmt.Sprintf("cameras: [{id: a, url: %q, poll_interval: 100ms, max_renditions: 1, idle_timeout: 1m}]", quartered(t, 1920, 1080))))
	p.until(t, "a", "ready")
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+"/cameras/a/stream?width=320", nil)
	if err != nil {
		t.Fatal(err)
	}
	other, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Body.Close()
	z := openZoomAt(t, p.URL)
	untilTrue(t, z.ctx, "the page says why", textOf(".note")+`.includes('limit set by max_renditions')`)
	untilTrue(t, z.ctx, "a quarter of the camera's size is shown", `[...tiles.values()][0].img.naturalWidth === 480`)
	z.doubleClick(0.1, 0.1)
	camtest.Until(t, "the part is shown", func() bool { return z.quarter(0.9, 0.7) == 0 })
	leave()
	if _, pixels := z.settled("the part is sharp"); pixels < 700 {
		t.Errorf("the part is %d pixels wide", pixels)
	}
	untilTrue(t, z.ctx, "the page says nothing", textOf(".note")+` === ''`)
}

func TestPageSaysWhyItsStreamIsRefused(t *testing.T) {
	p := start(t, "--config", config(t, fmt.Sprintf("cameras: [{id: a, url: %q, poll_interval: 100ms, max_viewers: 1}]", quartered(t, 1920, 1080))))
	p.until(t, "a", "ready")
	ctx := browser(t)
	other, err := http.Get(p.URL + "/cameras/a/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Body.Close()
	for _, page := range []string{"/", "/cameras/a"} {
		do(t, ctx, chromedp.Navigate(p.URL+page))
		untilTrue(t, ctx, page+" says why", textOf(".fault")+`.includes('the limit set by max_viewers')`)
	}
}
