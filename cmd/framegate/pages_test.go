package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"

	"github.com/chromedp/chromedp"
)

// untilTrue waits until a JavaScript expression is true in the page.
func untilTrue(t *testing.T, ctx context.Context, what, expression string) {
	t.Helper()
	camtest.Until(t, what, func() bool { return do(t, ctx, chromedp.Evaluate[bool](expression)) })
}

// shown is how many pictures the page shows, as <img> or <canvas>.
const shown = `[...document.querySelectorAll('img[src], canvas')].filter((e) => (e.naturalWidth ?? e.width) > 0).length`

// textOf is the text of an element of the page, empty for none.
func textOf(selector string) string {
	return fmt.Sprintf("(document.querySelector(%q)?.textContent ?? '')", selector)
}

// mustChange changes the list of cameras.
func (s serving) mustChange(t *testing.T, method, path, body string) {
	t.Helper()
	if status, answer, err := s.change(method, path, body); err != nil || status >= 300 {
		t.Fatalf("%s %s %s: %d %v %s", method, path, body, status, err, answer)
	}
}

func TestPagesBelowThePathOfAProxyShowPictures(t *testing.T) {
	ctx := browser(t)
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360})
	p := start(t, "--config", config(t, fmt.Sprintf("cameras: [{id: a, url: %q}]", cameras.URL("cam1"))))
	p.until(t, "a", "ready")
	to, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/cams/", http.StripPrefix("/cams", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}))
	proxy := httptest.NewServer(mux)
	defer proxy.Close()
	defer proxy.CloseClientConnections()
	do(t, ctx, chromedp.Navigate(proxy.URL+"/cams/"))
	untilTrue(t, ctx, "the wall shows the camera", shown+` === 1 && `+textOf("[data-camera=a] .state")+` === 'live'`)
	do(t, ctx, chromedp.Evaluate[string](`document.querySelector('[data-camera=a]').click(), ''`))
	untilTrue(t, ctx, "the camera's page shows it", `location.pathname === '/cams/cameras/a' && `+shown+` === 1 && `+textOf("[data-fact=source]")+` !== ''`)
	if text := do(t, ctx, chromedp.Text("pre")); !strings.Contains(text, `src="`+proxy.URL+`/cams/cameras/a/stream"`) {
		t.Errorf("the page says %s", text)
	}
}

func TestOpenWallFollowsTheListOfCameras(t *testing.T) {
	ctx := browser(t)
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360})
	source := fmt.Sprintf("url: %q", cameras.URL("cam1"))
	p := start(t, "--config", config(t, "cameras:\n  - {id: a, "+source+"}\n  - {id: b, "+source+"}\n"))
	do(t, ctx, chromedp.Navigate(p.URL+"/"))
	const order = `[...document.querySelectorAll('.wall > .camera')].map((e) => e.dataset.camera).join()`
	untilTrue(t, ctx, "both cameras are shown", shown+` === 2 && `+order+` === 'a,b'`)
	p.mustChange(t, "DELETE", "/a", "")
	untilTrue(t, ctx, "the removed camera has gone", order+` === 'b'`)
	// With six cameras the wall changes to a WebSocket, since a browser has no more connections.
	for _, id := range []string{"c", "d", "e", "f", "g"} {
		p.mustChange(t, "PUT", "/"+id, fmt.Sprintf(`{"url": %q, "name": "The <new> %s"}`, cameras.URL("cam1"), id))
	}
	untilTrue(t, ctx, "the new cameras are shown", `document.querySelectorAll('canvas').length === 6 && `+shown+` === 6 && `+order+` === 'b,c,d,e,f,g' && `+textOf("[data-camera=c] .title")+` === 'The <new> c'`)
	if to := do(t, ctx, chromedp.Evaluate[string](`document.querySelector('[data-camera=c]').href`)); to != p.URL+"/cameras/c" {
		t.Errorf("the tile leads to %s", to)
	}
	for _, id := range []string{"b", "c", "d", "e", "f"} {
		p.mustChange(t, "DELETE", "/"+id, "")
	}
	untilTrue(t, ctx, "one camera is streamed", order+` === 'g' && `+shown+` === 1 && document.images[0].src.includes('/stream')`)
	p.mustChange(t, "PATCH", "/g", `{"disabled": true}`)
	untilTrue(t, ctx, "the camera is disabled", textOf("[data-camera=g] .state")+` === 'disabled' && `+shown+` === 0`)
	p.mustChange(t, "PATCH", "/g", `{"disabled": null}`)
	untilTrue(t, ctx, "the camera is shown again", textOf("[data-camera=g] .state")+` === 'live' && `+shown+` === 1`)
}

func TestOpenPageSaysThatItsCameraWasRemoved(t *testing.T) {
	ctx := browser(t)
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360})
	source := fmt.Sprintf("url: %q", cameras.URL("cam1"))
	p := start(t, "--config", config(t, "cameras:\n  - {id: a, "+source+"}\n  - {id: b, "+source+"}\n"))
	do(t, ctx, chromedp.Navigate(p.URL+"/cameras/a"))
	live := textOf(".state") + ` === 'live' && ` + shown + ` === 1`
	untilTrue(t, ctx, "the camera is shown", live)
	p.mustChange(t, "DELETE", "/a", "")
	untilTrue(t, ctx, "the page says so", textOf(".state")+` === 'removed' && `+textOf(".fault")+`.includes('removed') && `+shown+` === 0`)
	if text := do(t, ctx, chromedp.Text("[data-fact=plan]")); !strings.Contains(text, "removed") {
		t.Errorf("the page says that the decoder is %q", text)
	}
	p.mustChange(t, "PUT", "/a", fmt.Sprintf(`{"url": %q}`, cameras.URL("cam1")))
	untilTrue(t, ctx, "the camera is shown again", live)
}

func TestPageSaysWhyNothingIsDecoded(t *testing.T) {
	ctx := browser(t)
	cameras := camtest.Start(t,
		testcam.Camera{Width: 640, Height: 360, Username: "user", Password: "right"}, testcam.Camera{Width: 640, Height: 360, Codec: testcam.MJPEG})
	p := start(t, "--config", config(t, fmt.Sprintf("cameras:\n  - {id: refused, url: %q, username: user, password: wrong}\n  - {id: jpeg, url: %q}\n"+
		"  - {id: off, url: 'rtsp://127.0.0.1:1/', disabled: true}\n  - {id: away, url: 'rtsp://127.0.0.1:1/'}\n", cameras.URL("cam1"), cameras.URL("cam2"))))
	p.until(t, "refused", "unauthorized")
	p.until(t, "away", "lost")
	for id, want := range map[string]struct{ state, why string }{
		"refused": {"unauthorized", p.camera(t, "refused").Error},
		"away":    {"lost", "connection refused"},
		"off":     {"disabled", "disabled"},
		"jpeg":    {"live", "pass-through"},
	} {
		do(t, ctx, chromedp.Navigate(p.URL+"/cameras/"+id))
		untilTrue(t, ctx, id+" is "+want.state, fmt.Sprintf("%s === %q && %s.includes(%q)", textOf(".state"), want.state, textOf("[data-fact=plan]"), want.why))
	}
}
