package main

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/internal/testcam/mark"

	"github.com/chromedp/chromedp"
)

// pageOf serves a page of another origin until the test ends.
func pageOf(t *testing.T, body string) (url string) {
	t.Helper()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><body style="margin:0">`+body)
	}))
	t.Cleanup(page.Close)
	return page.URL
}

// paints waits until the browser has painted some different frames of the camera in an element.
func paints(t *testing.T, ctx context.Context, selector string, frames int) {
	t.Helper()
	seen := map[int]bool{}
	camtest.Until(t, fmt.Sprintf("%d different frames are painted", frames), func() bool {
		picture, err := png.Decode(bytes.NewReader(do(t, ctx, chromedp.Screenshot(selector))))
		if err != nil {
			t.Fatal(err)
		}
		if _, frame, err := mark.Read(picture); err == nil {
			seen[frame] = true
		}
		return len(seen) >= frames
	})
}

// element is what a <framegate-camera> in a page shows: the text above the picture.
const element = `document.querySelector('framegate-camera').shadowRoot.querySelector('span').textContent`

func TestElementOnAPageOfAnotherOriginComesBackAfterARestart(t *testing.T) {
	ctx := browser(t)
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360})
	path := config(t, fmt.Sprintf("cameras: [{id: gate, url: %q}]", cameras.URL("cam1")))
	p := start(t, "--config", path)
	p.until(t, "gate", "ready")
	do(t, ctx, chromedp.Navigate(pageOf(t, fmt.Sprintf(`<script src="%s/static/embed.js"></script>
		<framegate-camera style="width: 640px" src="%[1]s/cameras/gate/stream?width=640" alt="Gate"></framegate-camera>`, p.URL))))
	paints(t, ctx, "framegate-camera", 3)
	if text := do(t, ctx, chromedp.Evaluate[string](element)); text != "" {
		t.Errorf("while pictures come, the element says %q", text)
	}
	p.Stop()
	untilTrue(t, ctx, "the element says how old the picture is", `/^\d+ s old$/.test(`+element+`) && document.querySelector('framegate-camera').hasAttribute('data-old')`)
	start(t, "--config", path, "--listen", strings.TrimPrefix(p.URL, "http://"))
	untilTrue(t, ctx, "the element shows pictures again", element+` === ''`)
	paints(t, ctx, "framegate-camera", 3)
}

func TestElementRequestsNothingWhileItCannotBeSeen(t *testing.T) {
	ctx := browser(t)
	p := start(t, "--config", config(t, "cameras: [{id: gate, url: 'test://ball'}]"))
	p.until(t, "gate", "ready")
	do(t, ctx, chromedp.Navigate(pageOf(t, fmt.Sprintf(`<script src="%s/static/embed.js"></script>
		<framegate-camera style="width: 320px" src="%[1]s/cameras/gate"></framegate-camera><div style="height: 5000px"></div><p id="end">end</p>`, p.URL))))
	const requests = `performance.getEntriesByType('resource').filter((e) => e.name.includes('/next.jpg')).length`
	untilTrue(t, ctx, "pictures are requested", requests+` > 2`)
	do(t, ctx, chromedp.Evaluate[string](`document.querySelector('#end').scrollIntoView(), ''`))
	camtest.Until(t, "nobody watches any more", func() bool {
		camera := p.camera(t, "gate")
		return camera.State == "ready" && camera.Viewers == 0
	})
	do(t, ctx, chromedp.Evaluate[string](`performance.clearResourceTimings(), scrollTo(0, 0), ''`))
	untilTrue(t, ctx, "pictures are requested again", requests+` > 2`)
}

func TestElementRepeatsARequestWithoutAnAnswer(t *testing.T) {
	ctx := browser(t)
	p := start(t, "--config", config(t, "cameras: [{id: gate, url: 'test://ball'}]"))
	p.until(t, "gate", "ready")
	to, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	var hung atomic.Bool
	line := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/next.jpg") && hung.CompareAndSwap(false, true) {
			<-r.Context().Done()
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	defer line.Close()
	defer line.CloseClientConnections()
	do(t, ctx, chromedp.Navigate(pageOf(t, fmt.Sprintf(`<script src="%s/static/embed.js"></script>
		<framegate-camera style="width: 320px" src="%[1]s/cameras/gate"></framegate-camera>`, line.URL))))
	untilTrue(t, ctx, "the picture is shown", `document.querySelector('framegate-camera').shadowRoot.querySelector('img').naturalWidth > 0`)
	if !hung.Load() {
		t.Error("no request was left without an answer")
	}
}

func TestElementSavesData(t *testing.T) {
	ctx := browser(t)
	p := start(t, "--config", config(t, "cameras: [{id: gate, url: 'test://ball'}]"))
	p.until(t, "gate", "ready")
	do(t, ctx, chromedp.Navigate(pageOf(t, fmt.Sprintf(`<script>
			window.pauses = [];
			{
				const { setTimeout } = window;
				window.setTimeout = (f, ms) => { pauses.push(ms); return setTimeout(f, ms); };
			}
			Object.defineProperty(navigator, 'connection', { value: { saveData: true } });
		</script><script src="%s/static/embed.js"></script><framegate-camera style="width: 320px" src="%[1]s/cameras/gate"></framegate-camera>`, p.URL))))
	untilTrue(t, ctx, "the next picture is requested seconds later", `Math.max(...pauses) > 5000`)
}

func TestFrameOfAnotherOriginShowsTheCamera(t *testing.T) {
	ctx := browser(t)
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360})
	page := httptest.NewServer(nil)
	defer page.Close()
	p := start(t, "--config", config(t, fmt.Sprintf("embed_origins: [%q]\ncameras: [{id: gate, url: %q}]", page.URL, cameras.URL("cam1"))))
	p.until(t, "gate", "ready")
	page.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<!doctype html><body style="margin:0"><iframe src="%s/embed/gate?width=640&amp;fit=cover" width="640" height="360" style="border:0"></iframe>`, p.URL)
	})
	do(t, ctx, chromedp.Navigate(page.URL))
	paints(t, ctx, "iframe", 3)
}

// TestDocumentedScriptReloadsAStreamThatHasEnded runs the script of docs/embedding.md, with a second in place of a minute.
func TestDocumentedScriptReloadsAStreamThatHasEnded(t *testing.T) {
	ctx := browser(t)
	docs, err := os.ReadFile("../../docs/embedding.md")
	if err != nil {
		t.Fatal(err)
	}
	script := regexp.MustCompile("(?s)```html\n(.*?)```").FindSubmatch(docs)
	if script == nil || !bytes.Contains(script[1], []byte("60000")) {
		t.Fatal("docs/embedding.md has no script")
	}
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360})
	path := config(t, fmt.Sprintf("cameras: [{id: gate, url: %q}]", cameras.URL("cam1")))
	p := start(t, "--config", path)
	p.until(t, "gate", "ready")
	do(t, ctx, chromedp.Navigate(pageOf(t, fmt.Sprintf(`<img id="gate" width="640" height="360" src="%s/cameras/gate/stream?width=640">%s`,
		p.URL, bytes.ReplaceAll(script[1], []byte("60000"), []byte("1000"))))))
	untilTrue(t, ctx, "the camera is shown", shown+` === 1`)
	p.Stop()
	again := start(t, "--config", path, "--listen", strings.TrimPrefix(p.URL, "http://"))
	again.until(t, "gate", "live") // for a viewer
	untilTrue(t, ctx, "the camera is shown again", shown+` === 1`)
}
