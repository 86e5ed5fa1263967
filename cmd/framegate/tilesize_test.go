package main

import (
	"testing"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"

	"github.com/chromedp/chromedp"
)

// TestStreamOfATileHasTheSizeOfTheTile and what is shown stays when that changes.
func TestStreamOfATileHasTheSizeOfTheTile(t *testing.T) {
	ctx := browser(t)
	cameras := camtest.Start(t, testcam.Camera{Width: 1280, Height: 720})
	text := "cameras: [{id: a, url: '" + cameras.URL("cam1") + "'}]"
	path := config(t, "wall_fps: 5\n"+text)
	p := start(t, "--config", path)
	do(t, ctx, chromedp.EmulateViewport(900, 500))
	do(t, ctx, chromedp.Navigate(p.URL+"/"))
	const img = `document.images[0]`
	untilTrue(t, ctx, "the picture is as wide as the tile", img+`.naturalWidth >= `+img+`.clientWidth && `+img+`.src.includes('fps=5')`)
	do(t, ctx, chromedp.Evaluate[string](`window.empty = 0, (function look() {
		if (![...document.querySelectorAll('.camera :is(img, canvas)')].some((e) => (e.naturalWidth ?? e.width) > 0)) empty++;
		requestAnimationFrame(look);
	})(), ''`))
	do(t, ctx, chromedp.EmulateViewport(280, 500))
	untilTrue(t, ctx, "a smaller picture is shown", img+`.naturalWidth === 320 && document.querySelectorAll('canvas').length === 0`)
	replace(t, path, "wall_fps: 3\n"+text)
	untilTrue(t, ctx, "the rate is that of the configuration", img+`.src.includes('fps=3') && `+img+`.naturalWidth > 0 && document.querySelectorAll('canvas').length === 0`)
	if empty := do(t, ctx, chromedp.Evaluate[int](`empty`)); empty > 0 {
		t.Errorf("the tile was empty %d times", empty)
	}
}
