package main

import (
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

const (
	touchStart = input.DispatchTouchEventTypeTouchStart
	touchMove  = input.DispatchTouchEventTypeTouchMove
	touchEnd   = input.DispatchTouchEventTypeTouchEnd
)

// longHold keeps a finger that a busy machine moves late from picking a tile.
const longHold = `holdTime = 60000`

// pinch moves two fingers, which are from apart at first and to at last, around the middle of the tile.
func (z zoomed) pinch(from, to float64) {
	z.t.Helper()
	apart := func(d float64) (a, b [2]float64) { return [2]float64{0.5 - d/2, 0.5}, [2]float64{0.5 + d/2, 0.5} }
	a, b := apart(from)
	z.touch(touchStart, a)
	z.touch(touchStart, a, b)
	for i := range 10 {
		a, b = apart(from + (to-from)*float64(i+1)/10)
		z.touch(touchMove, a, b)
	}
	z.touch(touchEnd)
}

func TestPinchEnlargesTheLargeCamera(t *testing.T) {
	ctx, _ := openWall(t, 6, "", "?layout=one")
	untilTrue(t, ctx, "the first camera is alone", shownOrder+` === '[ball0]' && Boolean(tiles.get('ball0').surface?.isConnected)`)
	do(t, ctx, chromedp.Evaluate[float64](longHold))
	z := tileOf(t, ctx, "ball0")
	const width = `Number(new URLSearchParams(tiles.get('ball0').requested).get('width'))`
	before := do(t, ctx, chromedp.Evaluate[float64](width))
	z.pinch(0.2, 0.6)
	untilTrue(t, ctx, "its picture is larger, and requested as sharp as that", `tiles.get('ball0').scale > 2 && tiles.get('ball0').surface.getBoundingClientRect().width > 2 * tiles.get('ball0').element.clientWidth`)
	if after := do(t, ctx, chromedp.Evaluate[float64](width)); after <= before {
		t.Errorf("pictures of %v pixels are requested, and were before: %v", after, before)
	}
	z.touch(touchStart, [2]float64{0.4, 0.5})
	for i := range 5 {
		z.touch(touchMove, [2]float64{0.4 + 0.05*float64(i), 0.5})
	}
	z.touch(touchEnd)
	untilTrue(t, ctx, "a finger moves it, and opens neither another camera nor a page", `tiles.get('ball0').x > 50 && location.pathname === '/' && `+shownOrder+` === '[ball0]'`)
	z.pinch(0.8, 0.1)
	untilTrue(t, ctx, "it is as large as its tile again", `tiles.get('ball0').scale === 1 && tiles.get('ball0').x === 0`)
	z.touch(touchStart, [2]float64{0.6, 0.5})
	z.touch(touchMove, [2]float64{0.4, 0.5})
	z.touch(touchEnd)
	untilTrue(t, ctx, "a swipe shows the next camera", shownOrder+` === '[ball1]'`)
	tileOf(t, ctx, "ball1").pinch(0.2, 0.6)
	untilTrue(t, ctx, "it is enlarged", `tiles.get('ball1').scale > 2`)
	do(t, ctx, chromedp.KeyEvent("g"))
	untilTrue(t, ctx, "in the grid it is not", `tiles.get('ball1').scale === 1`)
}

func TestCameraIsMovedByALongTouch(t *testing.T) {
	ctx, _ := openWall(t, 16, "", "")
	do(t, ctx, chromedp.EmulateViewport(300, 400, chromedp.EmulateTouch))
	const first = `ids().slice(0, 4).join()`
	untilTrue(t, ctx, "the wall scrolls", `columns === 2 && document.documentElement.scrollHeight > innerHeight + 200 && `+first+` === 'ball0,ball1,ball2,ball3'`)
	from, to := tileOf(t, ctx, "ball3"), tileOf(t, ctx, "ball0")
	from.touch(touchStart, [2]float64{0.5, 0.5})
	untilTrue(t, ctx, "a finger that stays picks a camera", `picked?.dataset.camera === 'ball3'`)
	for _, at := range []float64{0.9, 0.7, 0.5} {
		to.touch(touchMove, [2]float64{at, at})
	}
	to.touch(touchEnd)
	untilTrue(t, ctx, "it is at its new place, and the page has neither scrolled nor gone", first+` === 'ball3,ball0,ball1,ball2' && scrollY === 0 && location.pathname === '/' && picked === null`)

	do(t, ctx, chromedp.Evaluate[float64](longHold))
	z := tileOf(t, ctx, "ball1")
	z.touch(touchStart, [2]float64{0.5, 0.5})
	for i := range 10 {
		z.touch(touchMove, [2]float64{0.5, 0.5 - 0.2*float64(i+1)})
	}
	z.touch(touchEnd)
	untilTrue(t, ctx, "a finger that moves at once scrolls", `scrollY > 50 && picked === null && `+first+` === 'ball3,ball0,ball1,ball2'`)
}
