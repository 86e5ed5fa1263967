package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam/camtest"

	"github.com/chromedp/chromedp"
)

// sampleTiles takes in what the tiles of the wall show, and returns of how many different pictures each has shown at least.
const sampleTiles = `(() => {
	window.shown ??= new Map();
	const copy = document.createElement('canvas'), context = copy.getContext('2d', { willReadFrequently: true });
	const counts = [...tiles.values()].map(({ id, surface, img }) => {
		if (!shown.has(id)) shown.set(id, new Set());
		const picture = surface?.isConnected ? surface : img, { naturalWidth: width = picture.width, naturalHeight: height = picture.height } = picture;
		if (width > 0) {
			Object.assign(copy, { width, height });
			context.drawImage(picture, 0, 0);
			shown.get(id).add(context.getImageData(0, 0, copy.width, copy.height).data.reduce((hash, value) => (hash * 31 + value) | 0, 7));
		}
		return shown.get(id).size;
	});
	return Math.min(...counts);
})()`

// forgetSamples makes sampleTiles begin anew.
const forgetSamples = `delete window.shown, ''`

// hide makes the page believe that its tab is in the background, or not.
func hide(hidden bool) string {
	return fmt.Sprintf(`Object.defineProperty(document, 'hidden', { value: %v, configurable: true }), document.dispatchEvent(new Event('visibilitychange')), ''`, hidden)
}

// balls are cameras of a configuration, ball0 and so on.
func balls(count int) string {
	var cameras strings.Builder
	for i := range count {
		fmt.Fprintf(&cameras, "  - {id: ball%d, url: 'test://ball?width=64&height=48&fps=10', idle_timeout: 100ms}\n", i)
	}
	return cameras.String()
}

// TestWallShowsSixteenCamerasOverHTTP1 of which a browser would load six as streams.
func TestWallShowsSixteenCamerasOverHTTP1(t *testing.T) {
	ctx := browser(t)
	text := "cameras:\n" + balls(16)
	p := start(t, "--config", config(t, text))
	var to atomic.Pointer[url.URL] // the framegate that the page reaches
	to.Store(addressOf(t, p))
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to.Load())
			r.Out.Host = r.In.Host
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	})
	defer proxy.Close()
	defer proxy.CloseClientConnections()
	watched := func(p serving, id string) bool { return p.camera(t, id).Viewers > 0 }

	do(t, ctx, chromedp.EmulateViewport(300, 400)) // where tiles would be too small if all were on the screen
	do(t, ctx, chromedp.Navigate(proxy.URL+"/"))
	camtest.Until(t, "a camera on the screen is watched, and one below it is not", func() bool { return watched(p, "ball0") && !watched(p, "ball15") })
	do(t, ctx, chromedp.EmulateViewport(1280, 2400))
	camtest.Within(t, time.Minute, "each tile has shown three different pictures", func() bool { return do(t, ctx, chromedp.Evaluate[int](sampleTiles)) >= 3 })
	untilTrue(t, ctx, "each tile says that it is live", `[...document.querySelectorAll('.camera .state')].every((e) => e.textContent === 'live')`)

	do(t, ctx, chromedp.Evaluate[string](hide(true)))
	camtest.Until(t, "no camera is watched from a tab in the background", func() bool {
		for i := range 16 {
			if watched(p, fmt.Sprint("ball", i)) {
				return false
			}
		}
		return true
	})
	do(t, ctx, chromedp.Evaluate[string](hide(false)+"; "+forgetSamples))
	camtest.Within(t, time.Minute, "each tile shows pictures again", func() bool { return do(t, ctx, chromedp.Evaluate[int](sampleTiles)) >= 3 })

	do(t, ctx, chromedp.Evaluate[string](`window.old = live.socket, old.onmessage = null, live.heard -= 60000, ''`)) // as if the line were broken
	untilTrue(t, ctx, "the page connects again after a silence", `Boolean(live.socket) && live.socket !== old`)
	do(t, ctx, chromedp.Evaluate[string](forgetSamples))
	camtest.Within(t, time.Minute, "each tile shows pictures of the new connection", func() bool { return do(t, ctx, chromedp.Evaluate[int](sampleTiles)) >= 3 })

	p.Stop()
	untilTrue(t, ctx, "each tile says that framegate does not answer, and shows no old picture",
		`[...document.querySelectorAll('.camera')].every((e) => e.dataset.state === 'unknown') && `+shown+` === 0`)
	untilTrue(t, ctx, "this is not said to be the camera's fault", `[...document.querySelectorAll('.camera')].every((e) => e.querySelector('.state').textContent === 'connection lost' &&
		e.querySelector('.fault').textContent.includes('no answer from framegate') && e.querySelector('.since').textContent.startsWith('since '))`)
	next := start(t, "--config", config(t, text))
	to.Store(addressOf(t, next))
	do(t, ctx, chromedp.Evaluate[string](forgetSamples))
	camtest.Within(t, time.Minute, "each tile shows pictures of the new framegate", func() bool { return do(t, ctx, chromedp.Evaluate[int](sampleTiles)) >= 3 })
	untilTrue(t, ctx, "each tile is live again", `[...document.querySelectorAll('.camera .state')].every((e) => e.textContent === 'live')`)
}

// TestWallShowsSnapshotsWhereNoWebSocketPasses as through a proxy that is not set up for it.
func TestWallShowsSnapshotsWhereNoWebSocketPasses(t *testing.T) {
	ctx := browser(t)
	p := start(t, "--config", config(t, "cameras:\n"+balls(6)))
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(addressOf(t, p))
		r.Out.Header.Del("Upgrade")
		r.Out.Header.Del("Connection")
	}})
	defer proxy.Close()
	defer proxy.CloseClientConnections()
	do(t, ctx, chromedp.Navigate(proxy.URL+"/"))
	untilTrue(t, ctx, "all cameras are shown by snapshots", shown+` === 6 && document.querySelectorAll('canvas').length === 0`)
	untilTrue(t, ctx, "their states are shown", `[...document.querySelectorAll('.camera .state')].every((e) => ['live', 'ready'].includes(e.textContent))`)
	do(t, ctx, chromedp.KeyEvent("i"))
	untilTrue(t, ctx, "their rates are shown, and no time that is not known", `[...document.querySelectorAll('.figures')].every((e) => !e.hidden && /^[0-9]+[.][0-9] fps$/.test(e.textContent))`)
}

// beforeScripts is a proxy of framegate that puts a script before those of the pages.
func beforeScripts(t *testing.T, p serving, script string) (url string) {
	t.Helper()
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(addressOf(t, p))
			r.Out.Header.Del("Accept-Encoding")
		},
		ModifyResponse: func(r *http.Response) error {
			if strings.HasSuffix(r.Request.URL.Path, "/live.js") {
				r.Body = struct {
					io.Reader
					io.Closer
				}{io.MultiReader(strings.NewReader(script+"\n"), r.Body), r.Body}
				r.Header.Del("Content-Length")
				r.ContentLength = -1
			}
			return nil
		},
	})
	t.Cleanup(proxy.Close)
	t.Cleanup(proxy.CloseClientConnections)
	return proxy.URL
}

// addressOf returns the URL of a running framegate.
func addressOf(t *testing.T, p serving) *url.URL {
	t.Helper()
	u, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestWallWaitsUntilItKnowsWhatIsOnTheScreen in a browser that never reports it.
func TestWallWaitsUntilItKnowsWhatIsOnTheScreen(t *testing.T) {
	ctx := browser(t)
	p := start(t, "--config", config(t, "cameras:\n"+balls(6)))
	do(t, ctx, chromedp.Navigate(beforeScripts(t, p, "window.IntersectionObserver = class { observe() {} unobserve() {} };")+"/"))
	untilTrue(t, ctx, "the list of cameras has come", `cameras.length === 6`)
	if modes := do(t, ctx, chromedp.Evaluate[string](`[...tiles.values()].map((tile) => tile.mode).join('')`)); modes != "" {
		t.Errorf("before the browser reports which tiles are on the screen, they show %q", modes)
	}
}

// TestWallShowsSnapshotsWhereWebSocketsAreRefused by the browser, as in Safari before 15.4, where 'self' in the page's policy does not
// include them.
func TestWallShowsSnapshotsWhereWebSocketsAreRefused(t *testing.T) {
	ctx := browser(t)
	p := start(t, "--config", config(t, "cameras:\n"+balls(6)))
	do(t, ctx, chromedp.Navigate(beforeScripts(t, p, "window.WebSocket = class { constructor() { throw new DOMException('refused', 'SecurityError'); } };")+"/"))
	untilTrue(t, ctx, "all cameras are shown by snapshots", shown+` === 6 && document.querySelectorAll('canvas').length === 0`)
	untilTrue(t, ctx, "their states are shown", `[...document.querySelectorAll('.camera .state')].every((e) => ['live', 'ready'].includes(e.textContent))`)
}

func TestWallOpensItsWebSocketInOtherBrowsers(t *testing.T) {
	for name, open := range otherBrowsers {
		t.Run(name, func(t *testing.T) {
			open, run := open(t)
			p := start(t, "--config", config(t, "cameras:\n"+balls(6)))
			open(p.URL + "/")
			camtest.Until(t, "all cameras are shown over the WebSocket", func() bool {
				return run(`return String([...document.querySelectorAll('canvas')].filter((e) => e.width === 64).length);`) == "6"
			})
		})
	}
}
