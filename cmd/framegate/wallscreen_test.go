package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// standInLocks takes the place of the browser's wake locks, which a browser without a screen does not give. It counts them, and takes them
// away from a hidden tab as browsers do.
const standInLocks = `window.locks = { requested: 0, held: 0 };
Object.defineProperty(navigator, 'wakeLock', { value: { request: async () => {
	if (document.hidden) throw new DOMException('the tab is hidden', 'NotAllowedError');
	const lock = { released: false, release: async () => {
		if (!lock.released) locks.held--;
		lock.released = true;
	} };
	locks.requested++;
	locks.held++;
	document.addEventListener('visibilitychange', () => { if (document.hidden) lock.release(); });
	await new Promise((resolve) => { setTimeout(resolve, 50); });
	return lock;
} } });`

// beforePages runs a script in each page before the page's own.
func beforePages(t *testing.T, ctx context.Context, script string) {
	t.Helper()
	do(t, ctx, chromedp.Action[page.AddScriptToEvaluateOnNewDocumentResult](func(ctx context.Context, t *chromedp.Target) (page.AddScriptToEvaluateOnNewDocumentResult, error) {
		return cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	}))
}

func TestScreenStaysOnWhileTheWallFillsIt(t *testing.T) {
	ctx := browser(t)
	p := start(t, "--config", config(t, "cameras:\n"+balls(4)))
	beforePages(t, ctx, standInLocks)
	do(t, ctx, chromedp.Navigate(p.URL+"/"))
	untilTrue(t, ctx, "an ordinary wall lets the screen go off", `cameras.length === 4 && Boolean(live.socket) && locks.requested === 0`)
	do(t, ctx, chromedp.KeyEvent("f"))
	untilTrue(t, ctx, "f fills the screen and keeps it on", `document.fullscreenElement === document.documentElement && locks.held === 1`)
	do(t, ctx, chromedp.Evaluate[string](hide(true)))
	untilTrue(t, ctx, "a hidden tab does not keep it on", `locks.held === 0`)
	do(t, ctx, chromedp.Evaluate[string](hide(false)))
	untilTrue(t, ctx, "the tab that comes back does", `locks.held === 1 && locks.requested === 2`)
	do(t, ctx, chromedp.KeyEvent("f"))
	untilTrue(t, ctx, "f leaves the full screen and lets it go off", `document.fullscreenElement === null && locks.held === 0`)

	do(t, ctx, chromedp.Navigate(p.URL+"/?kiosk"))
	untilTrue(t, ctx, "a kiosk keeps it on", `cameras.length === 4 && Boolean(live.socket) && locks.held > 0`)
	do(t, ctx, chromedp.Evaluate[string](`for (let i = 0; i < 5; i++) lay(), ''`))
	do(t, ctx, chromedp.KeyEvent("k"))
	untilTrue(t, ctx, "nothing keeps it on after the kiosk", `location.search === '' && locks.held === 0`)
}

// overlaps lists the elements of a page that cover each other or stick out of it, except those that lie on pictures.
const overlaps = `(() => {
	const all = [...document.querySelectorAll('h1, h2, h3, a, p, button, select, input, output, dt, dd, td, th, label, summary, figure, pre, .camera')]
		.filter((e) => e.checkVisibility() && !e.closest('.said, .name, .note, dialog:not([open])') && e.getClientRects().length);
	const found = [];
	const name = (e) => '<' + e.localName + (e.className ? ' ' + e.className : '') + '> ' + e.textContent.trim().slice(0, 30);
	for (const e of all) {
		const { left, right } = e.getBoundingClientRect();
		if (!e.closest('.scroll, pre') && (left < -1 || right > document.documentElement.clientWidth + 1)) found.push(name(e) + ' sticks out');
	}
	const covers = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
	all.forEach((a, i) => all.slice(i + 1).forEach((b) => {
		if (a.contains(b) || b.contains(a)) return;
		if ([...a.getClientRects()].some((x) => [...b.getClientRects()].some((y) => covers(x, y)))) found.push(name(a) + ' and ' + name(b));
	}));
	if (document.documentElement.scrollWidth > document.documentElement.clientWidth) found.push('it scrolls sideways');
	return found.join('\n');
})()`

func TestPagesFromRightToLeftHaveNothingThatOverlaps(t *testing.T) {
	ctx := browser(t)
	p := start(t, "--config", config(t, "groups:\n  - {name: Yard, cameras: [ball0]}\ncameras:\n"+balls(6)))
	for _, path := range []string{"/", "/?layout=large", "/cameras/ball0", "/setup", "/setup/add", "/setup/users", "/setup/links", "/setup/hardware", "/setup/configuration"} {
		for _, width := range []int64{1280, 360} {
			do(t, ctx, chromedp.EmulateViewport(width, 800))
			do(t, ctx, chromedp.Navigate(p.URL+path))
			untilPage(t, ctx, "the page is there", `document.readyState === 'complete' && document.querySelector('h1') !== null`)
			for _, direction := range []string{"ltr", "rtl"} {
				do(t, ctx, chromedp.Evaluate[string](fmt.Sprintf(`document.documentElement.dir = %q, dispatchEvent(new Event('resize')), ''`, direction)))
				if found := do(t, ctx, chromedp.Evaluate[string](overlaps)); found != "" {
					t.Errorf("%s, %d pixels wide, %s:\n%s", path, width, direction, found)
				}
			}
			if mirrored := do(t, ctx, chromedp.Evaluate[bool](`document.querySelector('h1').getBoundingClientRect().right > innerWidth / 2`)); !mirrored {
				t.Errorf("%s, %d pixels wide: the title does not begin at the right", path, width)
			}
			keepScreenshot(t, ctx, fmt.Sprintf("rtl-%d-%s", width, strings.NewReplacer("/", "-", "?", "").Replace(path[1:])))
		}
	}
}
