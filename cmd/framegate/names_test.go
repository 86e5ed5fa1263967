package main

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// hostileNames are names of cameras that a page must show as they are.
var hostileNames = map[string]string{
	"markup":    `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>`,
	"quotes":    `"' onmouseover="window.hacked=1" x='` + "`${window.hacked=1}",
	"template":  `{{.Origin}} ${7*7} </title></code></pre></template><script>window.hacked=1</script>`,
	"bidi":      "\u202eevil\u2066 \u05d0\u05d1 \u202d live",
	"emoji":     "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f\u200d\U0001f308 gate\u0301",
	"very-long": strings.Repeat("W<b>&amp;", 1250),
}

// refusingCamera answers each request with a status line that has markup.
func refusingCamera(t *testing.T) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Read(make([]byte, 4096))
			fmt.Fprint(conn, "HTTP/1.1 418 <img src=x onerror='window.hacked=1'>\r\nContent-Type: text/html; x=\"<b>\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			conn.Close()
		}
	}()
	return "http://" + listener.Addr().String() + "/%3Cb%3Ex%3C/b%3E"
}

func TestNamesAndErrorsAreShownAsText(t *testing.T) {
	ctx := browser(t, chromedp.UserAgent(`Mozilla/5.0 <img src=x onerror="window.hacked=1"> Chrome/1`))
	cameras := []map[string]any{{"id": "refusing", "name": "<b>refusing</b>", "url": refusingCamera(t)}}
	for id, name := range hostileNames {
		written := strings.ReplaceAll(name, "${", "$${")
		cameras = append(cameras, map[string]any{"id": id, "name": written, "url": "test://ball?width=64&height=48&fps=5",
			"overlay": map[string]any{"name": true, "text": strings.ToValidUTF8(written[:min(len(written), 50)], "")}})
	}
	text, err := json.Marshal(map[string]any{"cameras": cameras}) // which is YAML too
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, "--config", config(t, string(text)))
	p.until(t, "refusing", "lost")
	unharmed := func(where string) {
		t.Helper()
		harmed := do(t, ctx, chromedp.Evaluate[string](`window.hacked || document.querySelector('[onerror], [onmouseover], script:not([src], #texts[type="application/json"]), img[src="x"], b') ? document.documentElement.outerHTML.slice(0, 3000) : ''`))
		if harmed != "" {
			t.Errorf("%s runs or parses a name:\n%s", where, harmed)
		}
	}
	shows := func(where, selector, name string) {
		t.Helper()
		wanted, _ := json.Marshal(name)
		untilTrue(t, ctx, where+" shows the name", fmt.Sprintf(`document.querySelector(%q)?.textContent === %s`, selector, wanted))
		if isolated := do(t, ctx, chromedp.Evaluate[string](fmt.Sprintf(`getComputedStyle(document.querySelector(%q)).unicodeBidi`, selector))); !strings.Contains(isolated, "isolate") && isolated != "plaintext" {
			t.Errorf("%s does not isolate the direction of the name: %s", where, isolated)
		}
		if wider := do(t, ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - innerWidth`)); wider > 0 {
			t.Errorf("%s is %d pixels wider than the window", where, wider)
		}
	}

	do(t, ctx, chromedp.Navigate(p.URL+"/"))
	for id, name := range hostileNames {
		shows("the wall", fmt.Sprintf("[data-camera=%s] .title", id), name)
	}
	untilTrue(t, ctx, "the wall says why a camera is away", `document.querySelector('[data-camera=refusing] .fault').textContent !== ''`)
	unharmed("the wall")
	for id, name := range hostileNames {
		do(t, ctx, chromedp.Navigate(p.URL+"/cameras/"+id))
		untilTrue(t, ctx, "events are shown", textOf(".events")+` !== ''`)
		shows("the camera's page", "h1 bdi", name)
		shows("the tile of the camera's page", ".title", name)
		unharmed("the page of " + id)
		// What is to be copied must do no harm in another page either.
		copied := do(t, ctx, chromedp.Evaluate[string](`(() => {
			const page = new DOMParser().parseFromString(document.querySelector('pre').textContent, 'text/html');
			return page.body.children.length === 1 && page.querySelector('img').attributes.length === 2 ? page.querySelector('img').alt : 'broken';
		})()`))
		if copied != name {
			t.Errorf("the text to be copied has the name %.200q", copied)
		}
		do(t, ctx, chromedp.Navigate(p.URL+"/embed/"+id))
		shows("the embedded page", "h1 bdi", name)
		unharmed("the embedded page of " + id)
		do(t, ctx, chromedp.Navigate(p.URL+"/setup/cameras/"+id))
		unharmed("the set-up of " + id)
	}
	do(t, ctx, chromedp.Navigate(p.URL+"/setup"))
	untilTrue(t, ctx, "the set-up lists the cameras", `document.body.textContent.includes('window.hacked=1')`)
	unharmed("the set-up")
	do(t, ctx, chromedp.Navigate(p.URL+"/cameras/refusing"))
	untilTrue(t, ctx, "the error is shown", textOf(".fault")+`.length > 0 && `+textOf(".events")+`.length > 0`)
	unharmed("the page of a camera that is away")
}

func TestAccountShowsWhatABrowserSaysAsText(t *testing.T) {
	ctx := browser(t, cams, chromedp.UserAgent(`<img src=x onerror="window.hacked=1">`))
	_, wall := withUsers(t)
	do(t, ctx, chromedp.Navigate(wall+"account"))
	untilPage(t, ctx, "the sign-in page", onSignIn)
	enter(t, ctx, "bob", "bob's password")
	untilPage(t, ctx, "the account", `location.pathname === '/account' && document.readyState === 'complete'`)
	if harmed := do(t, ctx, chromedp.Evaluate[bool](`Boolean(window.hacked || document.querySelector('[onerror], img'))`)); harmed {
		t.Error("the account parses the name of the browser")
	}
}
