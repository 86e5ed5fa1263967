package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// client is a kind of viewer by what makes it show a picture.
type client int

const (
	// anyClient shows a picture when it has read its Content-Length, its end or the boundary behind it. So do Firefox and every
	// program that is not a browser.
	anyClient client = iota
	// chromium shows a picture when it has read the whole head of the next part, and ignores Content-Length (issue 527446 of
	// its old tracker). It is sent that head with the picture.
	chromium
	// webKit does the same. Safari's parser is not WebKit's own, and is not known to accept a head long before its picture. So a
	// picture is sent again when the next one is late.
	webKit
)

// late is when a picture is sent to WebKit again. Above about 12 pictures a second this costs nothing.
const late = 100 * time.Millisecond

// clientOf recognises the client of a request. The browsers' engines differ, not their brands: Chrome, Edge, Opera, Android's
// WebView and Electron are Chromium, and all browsers of iOS are WebKit. Both name what they show in Accept. Scripts, and programs
// that only call themselves a browser, accept */*; so did <img> in browsers of the past.
func clientOf(r *http.Request) client {
	agent, accept := r.UserAgent(), r.Header.Get("Accept")
	switch {
	case r.Header.Get("Sec-Fetch-Dest") == "empty": // a script, which reads the heads itself
		return anyClient
	case accept == "" && strings.Contains(agent, "AppleWebKit/"): // perhaps a browser behind a proxy; whole parts do no harm
		return webKit
	case !strings.Contains(accept, "image/") && !strings.Contains(accept, "text/html"):
		return anyClient
	case strings.Contains(agent, "Chrome/"), strings.Contains(accept, "image/apng"): // only Chromium names APNG
		return chromium
	case strings.Contains(agent, "AppleWebKit/"):
		return webKit
	}
	return anyClient
}

// opening is what the client is sent before the first picture.
func (c client) opening() string {
	if c == chromium {
		return frame.OpeningAhead
	}
	return frame.Opening
}

// part is what the client is sent for a picture.
func (c client) part(f *frame.Frame) []byte {
	if c == chromium {
		return f.Ahead()
	}
	return f.Part()
}
