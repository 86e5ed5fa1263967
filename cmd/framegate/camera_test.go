package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"

	"github.com/chromedp/chromedp"
)

// choose makes a JavaScript statement that chooses a value in a list of the page.
func choose(selector, value string) string {
	return fmt.Sprintf(`(() => { const list = document.querySelector(%q); list.value = %q; list.dispatchEvent(new Event('change')); return ''; })()`, selector, value)
}

func TestCameraPageOffersRenditionsFiguresEventsAndSnippets(t *testing.T) {
	ctx := browser(t)
	t.Setenv("STATE_DIRECTORY", t.TempDir())
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360})
	p := start(t, "--config", config(t, fmt.Sprintf(`cameras: [{id: a, name: 'The "new" gate', url: %q}]`, cameras.URL("cam1"))))
	p.until(t, "a", "ready")
	do(t, ctx, chromedp.Navigate(p.URL+"/cameras/a"))
	untilTrue(t, ctx, "the camera is shown", shown+` === 1`)
	if text := do(t, ctx, chromedp.Text("pre")); text != `<img src="`+p.URL+`/cameras/a/stream" alt="The &#34;new&#34; gate">` {
		t.Errorf("the page says %s", text)
	}

	do(t, ctx, chromedp.Evaluate[string](choose(`[data-choice=width]`, "320")))
	untilTrue(t, ctx, "the chosen width is shown", `document.images.length === 1 && document.images[0].naturalWidth === 320`)
	do(t, ctx, chromedp.Evaluate[string](choose(`[data-choice=quality]`, "50")))
	untilTrue(t, ctx, "the chosen quality is shown", `document.images.length === 1 && document.images[0].src.includes('quality=50')`)
	for _, text := range []string{textOf("pre"), `document.querySelector('[data-link]').href`, `[...document.querySelectorAll('pre')].map((e) => e.textContent).find((t) => t.includes('MJPEG URL'))`} {
		if got := do(t, ctx, chromedp.Evaluate[string](text)); !strings.Contains(got, "width=320&quality=50") {
			t.Errorf("the page says %s", got)
		}
	}

	untilTrue(t, ctx, "events are shown", textOf(".events")+`.includes('The camera sends pictures.')`)
	untilTrue(t, ctx, "the rate is drawn", `document.querySelector('[data-plot=fps] path').getAttribute('d').length > 3 && parseFloat(`+textOf("[data-plot=fps] output")+`) > 0`)
	untilTrue(t, ctx, "the latency is said", textOf("[data-plot=latency] output")+`.endsWith('ms')`)

	do(t, ctx, chromedp.Evaluate[string](`document.querySelector('#make-link').click(), ''`))
	untilTrue(t, ctx, "a link is made", textOf(".signed")+` !== ''`)
	link := do(t, ctx, chromedp.Evaluate[string](textOf(".signed")))
	if !strings.HasPrefix(link, p.URL+"/cameras/a/stream?width=320&quality=50&expires=") {
		t.Errorf("the link is %s", link)
	}
	answer, err := http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("%s: %s", link, answer.Status)
	}
}

func TestCopyingWorksWithoutAClipboard(t *testing.T) {
	ctx := browser(t)
	p := start(t, "--config", config(t, "cameras: [{id: a, url: 'test://ball'}]"))
	do(t, ctx, chromedp.Navigate(p.URL+"/cameras/a"))
	do(t, ctx, chromedp.Evaluate[string](`Object.defineProperty(navigator, 'clipboard', { value: undefined }); document.querySelector('[data-copy]').click(), ''`))
	untilTrue(t, ctx, "the page says so", textOf("[data-copy]")+` === 'Copied' && getSelection().toString() === `+textOf("pre code"))
}
