package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const (
	// shownOrder is the cameras that can be seen, in order, and the large one in brackets.
	shownOrder = `[...document.querySelectorAll('.wall > .camera')].filter((e) => !e.hidden).map((e) => e.classList.contains('large') ? '[' + e.dataset.camera + ']' : e.dataset.camera).join()`
	// sharedQuery is that of the page's URL.
	sharedQuery = `decodeURIComponent(location.search)`
)

// openWall opens the wall of a configuration of balls.
func openWall(t *testing.T, count int, more, query string) (context.Context, serving) {
	t.Helper()
	ctx := browser(t)
	p := start(t, "--config", config(t, more+"cameras:\n"+balls(count)))
	do(t, ctx, chromedp.Navigate(p.URL+"/"+query))
	untilTrue(t, ctx, "the wall has its list", fmt.Sprintf(`cameras.length === %d && Boolean(live.socket)`, count))
	return ctx, p
}

// tile returns where the tile of a camera is.
func tileOf(t *testing.T, ctx context.Context, id string) zoomed {
	t.Helper()
	return zoomed{t, ctx, do(t, ctx, chromedp.Evaluate[box](`(({ x, y, width, height }) => ({ X: x, Y: y, Width: width, Height: height }))(tiles.get('`+id+`').element.getBoundingClientRect())`))}
}

func TestWallFillsTheScreen(t *testing.T) {
	ctx, _ := openWall(t, 4, "", "")
	for _, c := range []struct {
		width, height int64
		columns       int
	}{{1280, 900, 2}, {500, 1400, 1}, {2000, 400, 4}} {
		do(t, ctx, chromedp.EmulateViewport(c.width, c.height))
		untilTrue(t, ctx, fmt.Sprintf("at %dx%d there are %d columns and nothing to scroll", c.width, c.height, c.columns),
			fmt.Sprintf(`columns === %d && document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth`, c.columns))
	}
}

func TestCamerasAreMoved(t *testing.T) {
	ctx, p := openWall(t, 4, "", "")
	untilTrue(t, ctx, "they are in the order of the configuration", shownOrder+` === 'ball0,ball1,ball2,ball3'`)
	from, to := tileOf(t, ctx, "ball3"), tileOf(t, ctx, "ball0")
	from.mouse(input.DispatchMouseEventTypeMousePressed, 0.5, 0.5, chromedp.ButtonLeft)
	from.mouse(input.DispatchMouseEventTypeMouseMoved, 0.4, 0.5, chromedp.ButtonLeft)
	to.mouse(input.DispatchMouseEventTypeMouseMoved, 0.5, 0.5, chromedp.ButtonLeft)
	to.mouse(input.DispatchMouseEventTypeMouseReleased, 0.5, 0.5, chromedp.ButtonLeft)
	untilTrue(t, ctx, "one is dragged to the front, which opens no page", shownOrder+` === 'ball3,ball0,ball1,ball2' && location.pathname === '/'`)

	do(t, ctx, chromedp.Evaluate[string](`tiles.get('ball2').element.focus(), ''`))
	do(t, ctx, chromedp.KeyEvent(kb.ArrowLeft, chromedp.KeyModifiers(chromedp.ModifierShift)))
	untilTrue(t, ctx, "one is moved by keys and keeps the focus", shownOrder+` === 'ball3,ball0,ball2,ball1' && document.activeElement.dataset.camera === 'ball2'`)
	untilTrue(t, ctx, "screen readers say it", textOf("[role=status].said")+`.includes('ball2 is number 3 of 4')`)

	do(t, ctx, chromedp.Evaluate[string](`tools.m.click(), tiles.get('ball1').element.click(), tiles.get('ball3').element.click(), ''`))
	untilTrue(t, ctx, "one is moved by clicks", shownOrder+` === 'ball1,ball3,ball0,ball2' && location.pathname === '/'`)

	do(t, ctx, chromedp.Navigate(p.URL+"/"))
	untilTrue(t, ctx, "the browser remembers the order", shownOrder+` === 'ball1,ball3,ball0,ball2'`)
	p.mustChange(t, "PUT", "/new", `{"url": "test://ball"}`)
	untilTrue(t, ctx, "a new camera comes last", shownOrder+` === 'ball1,ball3,ball0,ball2,new'`)
	do(t, ctx, chromedp.Navigate(p.URL+"/?order=ball2,ball0"))
	untilTrue(t, ctx, "a link has its own order", shownOrder+` === 'ball2,ball0,ball1,ball3,new'`)
}

func TestWallShowsGroups(t *testing.T) {
	ctx, p := openWall(t, 4, "groups:\n  - {name: Yard & gate, cameras: [ball1, ball3]}\n", "")
	do(t, ctx, chromedp.KeyEvent("1"))
	untilTrue(t, ctx, "a key shows a group", shownOrder+` === 'ball1,ball3' && `+sharedQuery+` === '?group=Yard+&+gate'`)
	do(t, ctx, chromedp.Navigate(p.URL+"/?group=Yard+%26+gate"))
	untilTrue(t, ctx, "a link shows it", shownOrder+` === 'ball1,ball3' && document.querySelector('[name=group]').value === 'Yard & gate'`)
	do(t, ctx, chromedp.KeyEvent("0"))
	untilTrue(t, ctx, "a key shows all", shownOrder+` === 'ball0,ball1,ball2,ball3' && location.search === ''`)
}

func TestOneCameraIsLarge(t *testing.T) {
	ctx, p := openWall(t, 6, "", "")
	do(t, ctx, chromedp.Evaluate[string](`tiles.get('ball1').element.focus(), ''`))
	do(t, ctx, chromedp.KeyEvent("l"))
	const rates = `[...tiles.values()].map((tile) => tile.requested.includes('fps=')).join()`
	untilTrue(t, ctx, "the camera with the focus is large and has its own rate", shownOrder+` === 'ball0,[ball1],ball2,ball3,ball4,ball5' && `+rates+` === 'true,false,true,true,true,true'`)
	if large, small := tileOf(t, ctx, "ball1").box, tileOf(t, ctx, "ball0").box; large.Width < 1.5*small.Width {
		t.Errorf("the large tile is %v wide, others %v", large.Width, small.Width)
	}
	do(t, ctx, chromedp.Evaluate[string](`tiles.get('ball4').element.focus(), document.activeElement.click(), ''`))
	untilTrue(t, ctx, "a click makes another one large", shownOrder+` === 'ball0,ball1,ball2,ball3,[ball4],ball5' && location.pathname === '/'`)
	do(t, ctx, chromedp.KeyEvent("o"))
	untilTrue(t, ctx, "it is shown alone", shownOrder+` === '[ball4]'`)
	do(t, ctx, chromedp.KeyEvent(kb.ArrowRight))
	untilTrue(t, ctx, "an arrow shows the next one", shownOrder+` === '[ball5]' && `+sharedQuery+`.includes('large=ball5') && Boolean(tiles.get('ball5').surface?.isConnected)`)
	z := tileOf(t, ctx, "ball5")
	z.touch(input.DispatchTouchEventTypeTouchStart, [2]float64{0.4, 0.5})
	z.touch(input.DispatchTouchEventTypeTouchMove, [2]float64{0.6, 0.5})
	z.touch(input.DispatchTouchEventTypeTouchEnd)
	untilTrue(t, ctx, "a swipe to the right shows the previous one", shownOrder+` === '[ball4]'`)
	do(t, ctx, chromedp.KeyEvent(kb.Escape))
	untilTrue(t, ctx, "Escape leads back to the grid", shownOrder+` === 'ball0,ball1,ball2,ball3,ball4,ball5'`)
	do(t, ctx, chromedp.Navigate(p.URL+"/?layout=one&cycle=1"))
	untilTrue(t, ctx, "cameras are shown in turn", shownOrder+` === '[ball2]'`)
}

func TestKioskShowsNothingButTheCameras(t *testing.T) {
	ctx, _ := openWall(t, 4, "", "?kiosk")
	untilTrue(t, ctx, "there is nothing around the cameras, and no cursor", `['header', 'footer'].every((e) => getComputedStyle(document.querySelector(e)).display === 'none') &&
		getComputedStyle(document.querySelector('.camera')).cursor === 'none' && `+shown+` === 4`)
	do(t, ctx, chromedp.KeyEvent("k"))
	untilTrue(t, ctx, "a key leaves the kiosk", `getComputedStyle(document.querySelector('header')).display !== 'none' && location.search === ''`)
}

func TestWallListsItsKeysWhichCanBeTurnedOff(t *testing.T) {
	ctx, _ := openWall(t, 4, "", "")
	do(t, ctx, chromedp.KeyEvent("?"))
	untilTrue(t, ctx, "the keys are listed", `document.querySelector('dialog').open`)
	listed := do(t, ctx, chromedp.Evaluate[string](`[...document.querySelectorAll('kbd')].map((e) => e.textContent).join(' ')`))
	for _, key := range strings.Split(do(t, ctx, chromedp.Evaluate[string](`Object.keys(actions).filter((key) => key !== '?').join(' ')`)), " ") {
		if !strings.Contains(" "+listed+" ", " "+key+" ") {
			t.Errorf("the key %s is not listed", key)
		}
	}
	do(t, ctx, chromedp.Evaluate[string](`document.querySelector('dialog input').click(), document.querySelector('dialog button').click(), ''`))
	untilTrue(t, ctx, "the list is closed", `!document.querySelector('dialog').open`)
	do(t, ctx, chromedp.KeyEvent("o"))
	do(t, ctx, chromedp.KeyEvent("?"))
	untilTrue(t, ctx, "a letter does nothing any more, and ? does", `document.querySelector('dialog').open && seen('layout') === ''`)
}
