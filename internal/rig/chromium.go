package rig

import (
	"context"

	"github.com/chromedp/chromedp"
)

// Chromium starts a headless Chromium with a window of this size in pixels. The context that it returns is that of a tab. end ends the
// browser.
func Chromium(ctx context.Context, path string, width, height int) (tab context.Context, end func(), err error) {
	ctx, endAll := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.WindowSize(width, height), chromedp.Flag("disable-quic", true), chromedp.Flag("ignore-certificate-errors", true))...)
	ctx, endTab := chromedp.NewContext(ctx)
	end = func() {
		endTab()
		endAll()
	}
	if _, err := chromedp.Run(ctx, chromedp.Navigate("about:blank")); err != nil {
		end()
		return nil, nil, err
	}
	return ctx, end, nil
}
