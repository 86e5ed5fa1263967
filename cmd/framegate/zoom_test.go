package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/framegate/framegate/internal/testcam/camtest"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// quarters are the colours of the quarters of a picture, from the top left.
var quarters = [4]color.RGBA{{200, 40, 40, 255}, {40, 160, 40, 255}, {40, 60, 200, 255}, {220, 220, 220, 255}}

// quartered serves a picture of four colours as a camera.
func quartered(t *testing.T, width, height int) (url string) {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			picture.SetRGBA(x, y, quarters[2*x/width+2*(2*y/height)])
		}
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, picture, nil); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		w.Write(file.Bytes())
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// zoomed is the page of a camera in a browser.
type zoomed struct {
	t   *testing.T
	ctx context.Context
	box box
}

// box is the place of the picture in the page, in CSS pixels.
type box struct{ X, Y, Width, Height float64 }

// openZoom opens the page of a camera, and waits for its picture.
func openZoom(t *testing.T) (z zoomed, p serving) {
	t.Helper()
	p = start(t, "--config", config(t, fmt.Sprintf("cameras: [{id: a, url: %q, poll_interval: 100ms}]", quartered(t, 1920, 1080))))
	p.until(t, "a", "ready")
	return openZoomAt(t, p.URL), p
}

// openZoomAt does that where framegate is served already.
func openZoomAt(t *testing.T, url string) zoomed {
	t.Helper()
	z := zoomed{t: t, ctx: browser(t)}
	do(t, z.ctx, chromedp.Navigate(url+"/cameras/a"))
	untilTrue(t, z.ctx, "the camera is shown", shown+` === 1 && `+textOf("[data-fact=source]")+` !== ''`)
	z.box = do(t, z.ctx, chromedp.Evaluate[box](`(({x, y, width, height}) => ({X: x, Y: y, Width: width, Height: height}))(document.querySelector('.camera').getBoundingClientRect())`))
	// From now on no frame of the page may be without a picture.
	do(t, z.ctx, chromedp.Evaluate[string](`window.gaps = 0; (function look() {
		if (![...document.images].some((i) => i.complete && i.naturalWidth > 0 && i.hasAttribute('src'))) window.gaps++;
		requestAnimationFrame(look);
	})(); ''`))
	return z
}

// at is a point of the picture, in fractions of its sides, in the page.
func (z zoomed) at(u, v float64) (x, y float64) {
	return z.box.X + u*z.box.Width, z.box.Y + v*z.box.Height
}

func (z zoomed) mouse(typ input.DispatchMouseEventType, u, v float64, options ...chromedp.MouseOption) {
	z.t.Helper()
	x, y := z.at(u, v)
	do(z.t, z.ctx, chromedp.MouseEvent(typ, x, y, options...))
}

func (z zoomed) wheel(u, v, pixels float64) {
	z.t.Helper()
	z.mouse(input.DispatchMouseEventTypeMouseWheel, u, v, func(p *input.DispatchMouseEventParams) { p.DeltaX, p.DeltaY = 0.001, pixels }) // 0 would be left out
}

func (z zoomed) doubleClick(u, v float64) {
	z.t.Helper()
	x, y := z.at(u, v)
	for clicks := range 2 {
		do(z.t, z.ctx, chromedp.MouseClickXY(x, y, chromedp.ClickCount(clicks+1)))
	}
}

func (z zoomed) touch(typ input.DispatchTouchEventType, points ...[2]float64) {
	z.t.Helper()
	p := input.DispatchTouchEventParams{Type: typ, TouchPoints: []*input.TouchPoint{}}
	for i, point := range points {
		x, y := z.at(point[0], point[1])
		id := float64(i)
		p.TouchPoints = append(p.TouchPoints, &input.TouchPoint{X: x, Y: y, ID: &id})
	}
	do(z.t, z.ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, input.DispatchTouchEvent, p)
		return err
	}))
}

// view is the part that the page is to show.
type view struct{ X, Y, Side float64 }

// settled waits until the page shows the pictures of its view and no others, and returns the view and how wide the pictures are.
func (z zoomed) settled(what string) (v view, pixels int) {
	z.t.Helper()
	untilTrue(z.t, z.ctx, what, `(() => {
		const {zoom} = [...tiles.values()][0];
		return document.images.length === 1 && !zoom.timer && !zoom.next && zoom.shows(zoom.wanted());
	})()`)
	v = do(z.t, z.ctx, chromedp.Evaluate[view](`(({x, y, side}) => ({X: x, Y: y, Side: side}))([...tiles.values()][0].zoom.view)`))
	return v, do(z.t, z.ctx, chromedp.Evaluate[int](`document.images[0].naturalWidth`))
}

// quarter is the quarter of the camera's picture that is painted at a point; -1 for none.
func (z zoomed) quarter(u, v float64) int {
	z.t.Helper()
	page, err := png.Decode(bytes.NewReader(do(z.t, z.ctx, chromedp.CaptureScreenshot())))
	if err != nil {
		z.t.Fatal(err)
	}
	x, y := z.at(u, v)
	got := color.RGBAModel.Convert(page.At(int(x), int(y))).(color.RGBA)
	for i, want := range quarters {
		if near(got.R, want.R) && near(got.G, want.G) && near(got.B, want.B) {
			return i
		}
	}
	z.t.Logf("%v is none of the colours", got)
	return -1
}

func near(a, b uint8) bool { return max(a, b)-min(a, b) < 12 }

func TestPageZoomsByAskingForAPart(t *testing.T) {
	z, p := openZoom(t)
	if q := z.quarter(0.9, 0.7); q != 3 {
		t.Fatalf("the page shows quarter %d at the bottom right", q)
	}
	// Without the focus the wheel belongs to the page.
	z.wheel(0.25, 0.25, 60)
	untilTrue(t, z.ctx, "the page says how to zoom", textOf(".note")+`.includes('click')`)
	untilTrue(t, z.ctx, "the page has scrolled", `scrollY > 0`)
	z.wheel(0.25, 0.25, -60)
	untilTrue(t, z.ctx, "the page has scrolled back", `scrollY === 0`)
	if v, _ := z.settled("all of it is shown"); v.Side != 1 {
		t.Errorf("the wheel leads to %+v without the focus", v)
	}
	x, y := z.at(0.5, 0.5)
	do(t, z.ctx, chromedp.MouseClickXY(x, y))
	for range 3 {
		z.wheel(0.25, 0.25, -300)
	}
	v, pixels := z.settled("the part around the wheel is shown")
	if off := max(math.Abs(v.X+0.25*v.Side-0.25), math.Abs(v.Y+0.25*v.Side-0.25)); v.Side > 0.2 || off > 0.002 {
		t.Errorf("the wheel leads to %+v, want a part around a quarter of the sides", v)
	}
	if own := 1920 * v.Side; float64(pixels) < own || float64(pixels) > 1.4*own {
		t.Errorf("the part is within %d pixels, want the %.0f of the camera and a little around them", pixels, own)
	}
	if q := z.quarter(0.9, 0.7); q != 0 {
		t.Errorf("the page shows quarter %d at the bottom right, want the first", q)
	}
	link := do(t, z.ctx, chromedp.Evaluate[string](`document.querySelector('a[data-url]').href`))
	answer, err := http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	snapshot, err := jpeg.Decode(answer.Body)
	if err != nil || link == p.URL+"/cameras/a/snapshot.jpg" {
		t.Fatalf("%s is no snapshot of a part: %v", link, err)
	}
	if got := color.RGBAModel.Convert(snapshot.At(snapshot.Bounds().Dx()-4, snapshot.Bounds().Dy()-4)).(color.RGBA); !near(got.R, quarters[0].R) {
		t.Errorf("%s shows %v at the bottom right", link, got)
	}

	// Out of the picture the wheel belongs to the page.
	for range 5 {
		z.wheel(0.25, 0.25, 300)
	}
	if v, _ := z.settled("all of it is shown again"); v != (view{0, 0, 1}) {
		t.Errorf("the wheel leads back to %+v", v)
	}
	z.wheel(0.25, 0.25, 60)
	untilTrue(t, z.ctx, "the page has scrolled", `scrollY > 0`)
	if gaps := do(t, z.ctx, chromedp.Evaluate[int](`window.gaps`)); gaps > 0 {
		t.Errorf("%d frames of the page were without a picture", gaps)
	}
}

func TestPageZoomsByDoubleClickDragAndKeys(t *testing.T) {
	z, _ := openZoom(t)
	z.doubleClick(0.9, 0.7)
	v, _ := z.settled("the part around the double click is shown")
	if v.Side != 0.4 || v.X < 0.5 || v.Y < 0.4 {
		t.Errorf("a double click at the bottom right leads to %+v", v)
	}
	z.mouse(input.DispatchMouseEventTypeMousePressed, 0.2, 0.5, chromedp.ButtonLeft)
	z.mouse(input.DispatchMouseEventTypeMouseMoved, 0.4, 0.6, chromedp.ButtonLeft)
	z.mouse(input.DispatchMouseEventTypeMouseMoved, 0.7, 0.8, chromedp.ButtonLeft)
	z.mouse(input.DispatchMouseEventTypeMouseReleased, 0.7, 0.8, chromedp.ButtonLeft)
	dragged, _ := z.settled("the part to the left is shown")
	if off := math.Abs(v.X - 0.5*v.Side - dragged.X); off > 0.002 || dragged.Side != v.Side || dragged.Y >= v.Y {
		t.Errorf("a drag of half the picture leads from %+v to %+v", v, dragged)
	}
	z.doubleClick(0.5, 0.5)
	if v, _ := z.settled("all of it is shown again"); v.Side != 1 {
		t.Errorf("a double click leads back to %+v", v)
	}

	do(t, z.ctx, chromedp.Evaluate[string](`document.querySelector('.camera').focus(), ''`))
	do(t, z.ctx, chromedp.KeyEvent("++"))
	do(t, z.ctx, chromedp.KeyEvent(kb.ArrowRight+kb.ArrowRight+kb.ArrowDown))
	v, _ = z.settled("the keys have zoomed")
	if v.Side > 0.45 || v.X <= v.Y || v.Y < 0.3 {
		t.Errorf("the keys lead to %+v", v)
	}
	do(t, z.ctx, chromedp.KeyEvent("-"))
	if out, _ := z.settled("a key has zoomed out"); out.Side <= v.Side {
		t.Errorf("minus leads from %+v to %+v", v, out)
	}
	do(t, z.ctx, chromedp.KeyEvent("0"))
	if v, _ := z.settled("a key shows all"); v.Side != 1 {
		t.Errorf("0 leads to %+v", v)
	}
	do(t, z.ctx, chromedp.Click("[data-zoom=in]"))
	if v, _ := z.settled("a button has zoomed"); v.Side > 0.7 {
		t.Errorf("the button leads to %+v", v)
	}
	if gaps := do(t, z.ctx, chromedp.Evaluate[int](`window.gaps`)); gaps > 0 {
		t.Errorf("%d frames of the page were without a picture", gaps)
	}
}

func TestPageZoomsByPinching(t *testing.T) {
	z, _ := openZoom(t)
	const start, move, end = input.DispatchTouchEventTypeTouchStart, input.DispatchTouchEventTypeTouchMove, input.DispatchTouchEventTypeTouchEnd
	z.touch(start, [2]float64{0.7, 0.7})
	z.touch(start, [2]float64{0.7, 0.7}, [2]float64{0.8, 0.7})
	for i := range 10 {
		d := 0.01 * float64(i+1)
		z.touch(move, [2]float64{0.7 - d, 0.7}, [2]float64{0.8 + d, 0.7})
	}
	// The rest of the pinch comes after the <img> under the fingers has gone.
	before, _ := z.settled("the part between the fingers is shown during the pinch")
	if off := math.Abs(before.X + 0.75*before.Side - 0.75); before.Side > 0.5 || off > 0.03 {
		t.Errorf("the pinch leads to %+v, want a part around three quarters of the width", before)
	}
	for i := range 8 { // below the picture too
		z.touch(move, [2]float64{0.6, 0.7 + 0.05*float64(i+1)}, [2]float64{0.9, 0.7})
	}
	z.touch(end)
	v, _ := z.settled("the part between the fingers is shown at the end")
	wide := 0.3 * z.box.Width
	if want := before.Side * wide / math.Hypot(wide, 0.4*z.box.Height); math.Abs(v.Side-want) > 0.005 {
		t.Errorf("the rest of the pinch leads from %+v to %+v, want a side of %.3f", before, v, want)
	}
}

// TestPageZoomsInOtherBrowsers which load and decode pictures in their own ways.
func TestPageZoomsInOtherBrowsers(t *testing.T) {
	for name, open := range otherBrowsers {
		t.Run(name, func(t *testing.T) {
			open, run := open(t)
			p := start(t, "--config", config(t, fmt.Sprintf("cameras: [{id: a, url: %q, poll_interval: 100ms}]", quartered(t, 1920, 1080))))
			p.until(t, "a", "ready")
			open(p.URL + "/cameras/a")
			// shows is the part that is shown, where there is one picture, and of how many pixels it is.
			const shows = `const all = [...document.images]; return all.length === 1 && all[0].naturalWidth > 0 ?
				(new URL(all[0].src).searchParams.get('crop') ?? 'whole') + ' ' + all[0].naturalWidth : '';`
			camtest.Until(t, "the whole picture is shown", func() bool { return strings.HasPrefix(run(shows), "whole ") })
			run(`for (let i = 0; i < 4; i++) document.querySelector('[data-zoom=in]').click(); return '';`)
			camtest.Until(t, "a part is shown", func() bool { return strings.HasSuffix(run(shows), ",0.25,0.25 480") })
			run(`document.querySelector('[data-zoom=whole]').click(); return '';`)
			camtest.Until(t, "the whole picture is shown again", func() bool { return strings.HasPrefix(run(shows), "whole ") })
		})
	}
}
