package main

import (
	"fmt"
	"testing"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"

	"github.com/chromedp/chromedp"
)

// TestTileSaysHowOldItsPictureIs as soon as that is more than a second.
func TestTileSaysHowOldItsPictureIs(t *testing.T) {
	ctx := browser(t)
	for name, more := range map[string]string{"stream": "", "socket": balls(6)} {
		t.Run(name, func(t *testing.T) {
			camera := newCommanded(t)
			p := start(t, "--config", config(t, fmt.Sprintf("cameras:\n  - {id: gate, url: %q, stall_timeout: 2m}\n%s", camera.URL, more)))
			camera.send(t, 1)
			p.until(t, "gate", "ready")
			do(t, ctx, chromedp.Navigate(p.URL+"/"))
			age := textOf("[data-camera=gate] .age")
			for range 2 {
				untilTrue(t, ctx, "an old picture says its age", "tiles.get('gate').mode === '"+name+"' && /^[1-9][0-9]* s old$/.test("+age+")")
				number := 2
				camtest.Until(t, "new pictures have no age", func() bool {
					camera.send(t, number)
					number++
					return do(t, ctx, chromedp.Evaluate[bool](age+" === ''"))
				})
			}
		})
	}
}

func TestTileSaysWhyAndSinceWhenThereIsNoPicture(t *testing.T) {
	ctx := browser(t)
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360})
	p := start(t, "--config", config(t, fmt.Sprintf("cameras:\n  - {id: a, name: Yard, url: %q}\n  - {id: b, url: %q}\n", cameras.URL("cam1"), cameras.URL("cam1"))))
	do(t, ctx, chromedp.Navigate(p.URL+"/"))
	untilTrue(t, ctx, "the cameras are shown", `[...document.querySelectorAll('.state')].every((e) => e.textContent === 'live')`)
	p.mustChange(t, "PATCH", "/a", `{"url": "rtsp://127.0.0.1:1/x"}`)
	untilTrue(t, ctx, "the tile says why", textOf("[data-camera=a] .state")+` === 'lost' && `+textOf("[data-camera=a] .fault")+`.includes('connection refused') && `+
		textOf("[data-camera=a] .since")+`.startsWith('since ')`)
	untilTrue(t, ctx, "screen readers say it", textOf("[role=status].said")+`.includes('Yard: lost')`)
	if same := do(t, ctx, chromedp.Evaluate[bool](`new Set([...document.querySelectorAll('.state')].map((e) => getComputedStyle(e, '::before').clipPath)).size === 1`)); same {
		t.Error("the states have the same shape")
	}
	p.mustChange(t, "PATCH", "/a", fmt.Sprintf(`{"url": %q}`, cameras.URL("cam1")))
	untilTrue(t, ctx, "the camera is back", textOf("[data-camera=a] .state")+` === 'live' && `+textOf("[data-camera=a] .fault")+` === '' && `+textOf("[data-camera=a] .since")+` === ''`)
}

func TestTilesShowFiguresOnDemand(t *testing.T) {
	ctx := browser(t)
	p := start(t, "--config", config(t, "cameras:\n"+balls(6)))
	do(t, ctx, chromedp.Navigate(p.URL+"/"))
	untilTrue(t, ctx, "the cameras are shown without figures", shown+` === 6 && [...document.querySelectorAll('.figures')].every((e) => e.hidden)`)
	do(t, ctx, chromedp.KeyEvent("i"))
	untilTrue(t, ctx, "figures are shown", `[...document.querySelectorAll('.figures')].every((e) => !e.hidden && /^[0-9]+[.][0-9] fps, [0-9]+ ms$/.test(e.textContent))`)
	do(t, ctx, chromedp.KeyEvent("i"))
	untilTrue(t, ctx, "they are hidden", `[...document.querySelectorAll('.figures')].every((e) => e.hidden)`)
}

// TestWallSaysWhatIsWrongWithTheConfiguration although it does not ask for it.
func TestWallSaysWhatIsWrongWithTheConfiguration(t *testing.T) {
	ctx := browser(t)
	const good = "cameras: [{id: a, url: 'test://ball'}]"
	path := config(t, good)
	p := start(t, "--config", path)
	do(t, ctx, chromedp.Navigate(p.URL+"/"))
	const notice = `document.querySelector('#configuration')`
	untilTrue(t, ctx, "the page is connected", `Boolean(live.socket) && `+notice+`.hidden`)
	replace(t, path, "\ncolour: blue\n"+good)
	untilTrue(t, ctx, "the fault is shown", `!`+notice+`.hidden && `+notice+`.textContent.includes(':2: unknown key colour')`)
	replace(t, path, good)
	untilTrue(t, ctx, "it is shown no longer", notice+`.hidden`)
	if asked := do(t, ctx, chromedp.Evaluate[bool](`performance.getEntriesByType('resource').some((e) => e.name.includes('/api/config'))`)); asked {
		t.Error("the page has asked for it")
	}
}
