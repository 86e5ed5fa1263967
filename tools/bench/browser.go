package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"time"

	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/rig"
	"github.com/framegate/framegate/internal/table"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// parts are the kinds of parts that Chromium is sent, and the headers that make framegate send them.
var parts = []struct {
	name    string
	headers network.Headers
}{
	{"parts for Chromium", network.Headers{"Accept": "image/avif,image/webp,image/apng,image/*,*/*;q=0.8", "User-Agent": "Mozilla/5.0 Chrome/142.0.0.0"}},
	{"parts for other clients", network.Headers{"Accept": "image/webp,*/*", "User-Agent": "Mozilla/5.0 Firefox/140.0"}},
}

// browser compares what one stream in Chromium costs with the parts that framegate sends to Chromium and with those that it sends to
// other clients. Chromium shows the latter one picture late.
func (b *bench) browser(ctx context.Context) error {
	path, err := exec.LookPath("chromium")
	if err != nil {
		b.add(table.Row{Name: "a stream in Chromium", Missing: "not installed"})
		return nil
	}
	_, server, stop, err := b.serveOne(ctx)
	if err != nil {
		return err
	}
	defer stop()
	url := server.URL + "/cameras/cam1/stream"
	servers, browsers := comparison{}, comparison{}
	for range b.Rounds {
		for _, p := range parts {
			s, c, err := b.showStream(ctx, path, server, url, p.headers)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			servers[p.name], browsers[p.name] = append(servers[p.name], s), append(browsers[p.name], c)
		}
	}
	var sizes []float64
	for _, p := range parts {
		size, err := partSize(ctx, url, p.headers)
		if err != nil {
			return err
		}
		sizes = append(sizes, size)
		b.add(table.Row{Name: p.name + ": framegate", Value: 100 * servers.load(p.name), Unit: ofACore})
		b.add(table.Row{Name: p.name + ": Chromium", Value: 100 * browsers.load(p.name), Unit: ofACore})
		b.add(table.Row{Name: p.name + ": size of a part", Value: size / 1000, Unit: "KB"})
	}
	const atMost = 1.02
	b.add(table.Row{Name: "parts for Chromium against others: framegate", Value: servers.ratio(parts[0].name, parts[1].name), AtMost: atMost})
	b.add(table.Row{Name: "parts for Chromium against others: Chromium", Value: browsers.ratio(parts[0].name, parts[1].name), AtMost: atMost})
	b.add(table.Row{Name: "parts for Chromium against others: bytes", Value: sizes[0] / sizes[1], AtMost: atMost})
	return nil
}

// showStream measures the load of framegate and of a browser that shows a stream. headers are those of the browser's requests.
func (b *bench) showStream(ctx context.Context, path string, server *process.Process, url string, headers network.Headers) (ofServer, ofBrowser float64, err error) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `<!doctype html><img src="%s">`, url)
	}))
	defer page.Close()
	ctx, end, err := rig.Chromium(ctx, path, 1280, 2900)
	if err != nil {
		return 0, 0, err
	}
	defer end()
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		return 0, 0, err
	}
	if _, err := chromedp.Call(ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: headers}); err != nil {
		return 0, 0, err
	}
	if _, err := chromedp.Run(ctx, chromedp.Navigate(page.URL)); err != nil {
		return 0, 0, err
	}
	const shown = `document.querySelector('img').naturalWidth > 0`
	for began, is := time.Now(), false; !is; {
		if is, err = chromedp.Run(ctx, chromedp.Evaluate[bool](shown)); err != nil {
			return 0, 0, err
		}
		if time.Since(began) > 30*time.Second {
			return 0, 0, errors.New("the <img> shows no picture")
		}
	}
	time.Sleep(rig.Settle)
	return loads(server, chromedp.FromContext(ctx).Browser.Process().Pid, b.Time)
}
