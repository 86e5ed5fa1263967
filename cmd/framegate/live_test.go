package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam/camtest"

	"github.com/chromedp/chromedp"
)

// differentPictures is how many different pictures every tile of the documented page has been seen to show.
const differentPictures = `(() => {
	window.seen ??= {};
	const copy = document.createElement('canvas'), context = copy.getContext('2d', { willReadFrequently: true });
	for (const { id, canvas } of tiles) {
		seen[id] ??= new Set();
		if (!canvas.width || canvas.width === 300) continue; // it is as it was made
		Object.assign(copy, { width: canvas.width, height: canvas.height });
		context.drawImage(canvas, 0, 0);
		seen[id].add(context.getImageData(0, 0, copy.width, copy.height).data.reduce((hash, value) => (hash * 31 + value) | 0, 7));
	}
	return tiles.length === 12 ? Math.min(...tiles.map(({ id }) => seen[id].size)) : 0;
})()`

// TestDocumentedPageShowsAllCamerasOverOneWebSocket opens the page of docs/live.md on another origin.
func TestDocumentedPageShowsAllCamerasOverOneWebSocket(t *testing.T) {
	ctx := browser(t)
	docs, err := os.ReadFile("../../docs/live.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(docs), "```html\n")
	text, _, found := strings.Cut(text, "```\n")
	if lines := strings.Count(text, "\n"); !found || lines > 60 {
		t.Fatalf("the page of docs/live.md has %d lines", lines)
	}
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }))
	defer page.Close()
	var cameras strings.Builder
	for i := range 12 {
		fmt.Fprintf(&cameras, "  - {id: ball%d, url: 'test://ball?width=64&height=48&fps=5'}\n", i)
	}
	p := start(t, "--config", config(t, fmt.Sprintf("cors_origins: [%q]\ncameras:\n%s", page.URL, &cameras)))
	if _, err := chromedp.Run(ctx, chromedp.Navigate(page.URL+"?server="+p.URL)); err != nil {
		t.Fatal(err)
	}
	camtest.Within(t, time.Minute, "each tile has shown three different pictures", func() bool { return do(t, ctx, chromedp.Evaluate[int](differentPictures)) >= 3 })
	camtest.Until(t, "the page says that a camera is live", func() bool {
		return do(t, ctx, chromedp.Evaluate[bool](`document.body.textContent.includes('ball7: live')`))
	})
}
