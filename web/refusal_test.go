package web

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/web/auth/links"
)

func TestManyPicturesThatRefuseHaveTheSizesOfTheirTiles(t *testing.T) {
	var f refusalPictures
	texts := &configs.Default().Placeholders
	var all sync.WaitGroup
	for i := range maxWaitingRefusals {
		all.Go(func() {
			content, err := f.draw(texts, "no", 100+i, 100)
			if picture, _ := jpeg.DecodeConfig(bytes.NewReader(content)); err != nil || picture.Width != 100+i {
				t.Errorf("%d wide, want %d, %v", picture.Width, 100+i, err)
			}
		})
	}
	all.Wait()
}

// What browsers send for an <img>, over HTTPS or to this machine and else.
var imageHeaders = [][]string{
	{"Sec-Fetch-Dest", "image", "Accept", "image/avif,image/webp,*/*;q=0.8"},
	{"Accept", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"},
	{"Accept", "*/*", "User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:60.0) Gecko/20100101 Firefox/60.0"},
}

func TestLinkThatHasEndedIsAPictureInAnImage(t *testing.T) {
	url, _, _ := serveLinked(t, linkKey)
	past := time.Now().Add(-time.Second)
	for path, want := range map[string]string{
		"/cameras/gate/stream?":                       "640x360",
		"/cameras/gate/stream?width=320&height=200":   "320x240",
		"/cameras/gate/snapshot.png?width=320":        "320x180",
		"/cameras/gate/snapshot.jpg?height=90&fps=1":  "160x90",
		"/cameras/gate/stream?width=8192":             "1280x720",
		"/cameras/gate/stream?width=16&height=8192":   "720x1280",
		"/cameras/gate/stream?width=x&height=1000000": "640x360",
	} {
		for _, headers := range imageHeaders {
			for status, link := range map[int]string{410: signedAs(path, past, "wall", linkSecret), 403: signedAs(path, past, "other", linkSecret)} {
				resp, body := ask(t, "GET", url+link, elsewhere, "", headers...)
				picture, err := jpeg.DecodeConfig(strings.NewReader(body))
				if err != nil || resp.StatusCode != status || resp.Header.Get("Content-Type") != "image/jpeg" || resp.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s %v: %d %v, %v", link, headers, resp.StatusCode, resp.Header, err)
				}
				if got := fmt.Sprintf("%dx%d", picture.Width, picture.Height); got != want {
					t.Errorf("%s: %s, want %s", link, got, want)
				}
			}
		}
	}
	link := signedAs("/cameras/gate/snapshot.jpg?", past, "wall", linkSecret)
	if resp, body := ask(t, "HEAD", url+link, elsewhere, "", imageHeaders[0]...); resp.StatusCode != 410 || resp.Header.Get("Content-Type") != "image/jpeg" || body != "" {
		t.Errorf("%d %v %d bytes", resp.StatusCode, resp.Header, len(body))
	}
	for _, headers := range [][]string{
		{"Sec-Fetch-Dest", "empty", "Accept", "*/*", "User-Agent", "Mozilla/5.0"},
		{"Accept", "*/*", "User-Agent", "curl/8.0"},
		{"Accept", "application/json", "User-Agent", "Mozilla/5.0"},
		{"User-Agent", ""},
	} {
		resp, body := ask(t, "GET", url+link, elsewhere, "", headers...)
		if resp.StatusCode != 410 || resp.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(body, "the link has expired") {
			t.Errorf("%v: %d %v %.100s", headers, resp.StatusCode, resp.Header, body)
		}
	}
	if resp, _ := ask(t, "GET", url+"/cameras/gate/next.jpg?"+link[len("/cameras/gate/snapshot.jpg?"):], elsewhere, "", imageHeaders[2]...); resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Error("a script gets a picture in place of the next one")
	}
}

// TestPicturesThatRefuseSayWhy compares the pictures, whose texts differ.
func TestPicturesThatRefuseSayWhy(t *testing.T) {
	url, handler, _ := serveLinked(t, "")
	signed, err := handler.server.links.Sign(links.Request{URL: "/cameras/gate/stream"})
	if err != nil {
		t.Fatal(err)
	}
	get := func(link string, status int) string {
		resp, body := ask(t, "GET", url+link, elsewhere, "", imageHeaders[0]...)
		if resp.StatusCode != status {
			t.Errorf("%s: %d, want %d", link, resp.StatusCode, status)
		}
		return body
	}
	invalid := get(strings.Replace(signed.URL, "gate", "yard", 1), 403)
	if err := handler.server.links.Revoke(signed.Key); err != nil {
		t.Fatal(err)
	}
	revoked := get(signed.URL, 410)
	config := *handler.server.config.Load()
	config.Auth.LinkKeys = []configs.LinkKey{{ID: "wall", Secret: linkSecret}}
	handler.Configure(&config)
	link := signedAs("/cameras/gate/stream?", time.Now().Add(-time.Second), "wall", linkSecret)
	expired := get(link, 410)
	if invalid == revoked || revoked == expired || expired == invalid {
		t.Error("two of the pictures are the same")
	}
	translated := config
	translated.Placeholders.Texts.LinkExpired = "Der Link ist abgelaufen"
	handler.Configure(&translated)
	if get(link, 410) == expired {
		t.Error("the text of the configuration is not shown")
	}
}

func TestPicturesThatRefuseAreDrawnOneAtATime(t *testing.T) {
	var f refusalPictures
	texts := &configs.Default().Placeholders
	if _, err := f.draw(texts, "no", refusalWidth, refusalHeight); err != nil {
		t.Fatal(err)
	}
	f.waiting.Store(maxWaitingRefusals)
	f.drawing.Lock() // others wait for this one
	defer f.drawing.Unlock()
	content, err := f.draw(texts, "no", 1000, 1000)
	picture, _ := jpeg.DecodeConfig(bytes.NewReader(content))
	if err != nil || picture.Width != refusalWidth {
		t.Errorf("%d wide, %v", picture.Width, err)
	}
}

func TestPicturesThatRefuseHaveFewSizesAndEachIsDrawnOnce(t *testing.T) {
	type size struct{ width, height int }
	sizes := map[size]bool{}
	for width := 0; width < 9000; width += 37 {
		for height := 0; height < 9000; height += 41 {
			w, h := refusalSize(url.Values{"width": {fmt.Sprint(width)}, "height": {fmt.Sprint(height)}})
			if w < frame.MinSide || h < frame.MinSide || w > refusalSides[0] || h > refusalSides[0] {
				t.Fatalf("%dx%d: %dx%d", width, height, w, h)
			}
			sizes[size{w, h}] = true
		}
	}
	if len(sizes) > 25 {
		t.Errorf("%d sizes", len(sizes))
	}
	var f refusalPictures
	texts := &configs.Default().Placeholders
	first := map[size][]byte{}
	for range 2 {
		for s := range sizes {
			content, err := f.draw(texts, "no", s.width, s.height)
			if err != nil {
				t.Fatal(err)
			}
			if again := first[s]; again != nil && &again[0] != &content[0] {
				t.Errorf("%v is drawn twice", s)
			}
			first[s] = content
		}
	}
}
