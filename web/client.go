package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// client is a kind of viewer. Kinds differ in what makes them show a picture.
type client int

const (
	// anyClient shows a picture when it has read as many bytes as Content-Length says, or the picture's end marker, or the boundary
	// after the picture. Firefox and all programs that are not browsers do so.
	anyClient client = iota
	// chromium shows a picture only when it has read the head of the next part, and ignores Content-Length (issue 527446 of
	// its old tracker). It gets that head in advance, with the picture.
	chromium
	// webKit, too, shows a picture only when it has read the head of the next part. It gets a copy of the picture when the next
	// one is late. It gets no head in advance, because Safari reads multipart with another library than WebKitGTK and has not been
	// tried.
	webKit
)

// webKitCopyDelay is how long WebKit waits for the next picture before it gets a copy of the last one. Above about 12 pictures a second it gets no
// copies.
const webKitCopyDelay = 100 * time.Millisecond

// clientOf recognises the browser engine of a client: Chrome, Edge, Opera, Android's WebView and Electron use Chromium, and all browsers
// of iOS use WebKit. Both name image types or HTML in Accept. Scripts, and programs that pretend to be a browser, send */*; so did
// <img> until about 2015.
func clientOf(r *http.Request) client {
	agent, accept := r.UserAgent(), r.Header.Get("Accept")
	switch {
	case r.Header.Get("Sec-Fetch-Dest") == "empty": // a script, which parses the stream itself
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
