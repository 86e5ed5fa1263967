package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry/placeholder"
	"github.com/framegate/framegate/web/auth"
	"github.com/framegate/framegate/web/auth/links"
)

// refuseLinked answers a request whose link is wrong with a picture that says so, if the client wants an image. It reports whether it
// has answered.
func (s *server) refuseLinked(w http.ResponseWriter, r *http.Request, err error) bool {
	var refused *auth.Error
	if !errors.As(err, &refused) || refused.Kind != auth.Link || !wantsImage(r) {
		return false
	}
	texts := &s.config.Load().Placeholders
	width, height := refusalSize(r.URL.Query())
	jpeg, err := s.refusals.draw(texts, textOfLink(&texts.Texts, refused), width, height)
	if err != nil {
		s.Log.Error("a picture that refuses a link cannot be drawn", "error", err)
		return false
	}
	h := w.Header()
	h.Set("Content-Type", frame.JPEG.MediaType())
	h.Set("Content-Security-Policy", picturePolicy)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(jpeg)))
	w.WriteHeader(refused.Status)
	w.Write(jpeg) // net/http leaves it out in the answer to HEAD
	return true
}

// textOfLink returns the text that is shown in place of the pictures of a link.
func textOfLink(texts *configs.Texts, refused *auth.Error) string {
	switch {
	case links.Revoked(refused):
		return texts.LinkRevoked
	case refused.Status == http.StatusGone:
		return texts.LinkExpired
	}
	return texts.LinkInvalid
}

// wantsImage reports whether a request is for a picture, and its client shows the answer even with an error status, as <img> does.
// Browsers send Sec-Fetch-Dest to secure origins only, and older ones accept anything for an <img>. Programs get a problem instead.
func wantsImage(r *http.Request) bool {
	if _, ok := links.Covers(r.URL.Path); !ok {
		return false
	}
	accept := r.Header.Get("Accept")
	switch dest := r.Header.Get("Sec-Fetch-Dest"); {
	case dest == "empty": // a script
		return false
	case dest != "":
		return true
	case strings.Contains(accept, "image/"):
		return true
	}
	return (accept == "" || accept == "*/*") && strings.HasPrefix(r.UserAgent(), "Mozilla/") && !strings.Contains(r.URL.Path, "/next.")
}

// refusalWidth and refusalHeight are the size of a refusal in pixels if the request asks for none.
const refusalWidth, refusalHeight = 640, 360

// Other sizes have one of these longest sides, in pixels, and one of these aspects, both rounded down from the request. They are few,
// because whoever asks has no right to a picture, and each is drawn once.
var (
	refusalSides   = []int{1280, 640, 320, 160, 80}
	refusalAspects = [][2]int{{16, 9}, {4, 3}, {1, 1}, {3, 4}, {9, 16}}
)

// refusalSize returns about the size of the picture that a request asks for. If it gives one side only, the aspect is 16:9.
func refusalSize(query url.Values) (width, height int) {
	side := func(name string) int {
		n, err := strconv.Atoi(query.Get(name))
		if err != nil || n < frame.MinSide || n > frame.MaxSide {
			return 0
		}
		return n
	}
	width, height = side("width"), side("height")
	switch {
	case width == 0 && height == 0:
		width, height = refusalWidth, refusalHeight
	case height == 0:
		height = width * refusalHeight / refusalWidth
	case width == 0:
		width = height * refusalWidth / refusalHeight
	}
	longest := firstOr(refusalSides, func(side int) bool { return side <= max(width, height) })
	aspect := firstOr(refusalAspects, func(a [2]int) bool { return a[0]*height <= a[1]*width })
	most := max(aspect[0], aspect[1])
	return longest * aspect[0] / most, longest * aspect[1] / most
}

// firstOr returns the first value that fits, and the last one if none does.
func firstOr[T any](values []T, fits func(T) bool) T {
	i := slices.IndexFunc(values, fits)
	if i < 0 {
		i = len(values) - 1
	}
	return values[i]
}

// refusalPictures draws refusals, one at a time, and keeps them all: anybody may ask for them, and refusalSize has few sizes. The zero
// value is ready to use.
type refusalPictures struct {
	drawing sync.Mutex   // held while one is drawn
	waiting atomic.Int64 // requests that wait for a refusal to be drawn, or draw it

	mu    sync.Mutex // guards the fields below
	texts *configs.Placeholders
	drawn map[refusal][]byte
}

// refusal describes a picture that is shown in place of a refused one.
type refusal struct {
	text          string
	width, height int
}

// maxWaitingRefusals is how many requests may wait. There are many when the links of a wall have expired.
const maxWaitingRefusals = 16

// draw returns a refusal. If too many requests wait for others, it has the default size.
func (f *refusalPictures) draw(texts *configs.Placeholders, text string, width, height int) ([]byte, error) {
	wanted := refusal{text, width, height}
	if jpeg := f.known(texts, wanted); jpeg != nil {
		return jpeg, nil
	}
	defer f.waiting.Add(-1)
	if f.waiting.Add(1) > maxWaitingRefusals {
		wanted = refusal{text, refusalWidth, refusalHeight}
		if jpeg := f.known(texts, wanted); jpeg != nil {
			return jpeg, nil
		}
	}
	f.drawing.Lock()
	defer f.drawing.Unlock()
	if jpeg := f.known(texts, wanted); jpeg != nil {
		return jpeg, nil
	}
	jpeg, err := drawMessage(texts, wanted.width, wanted.height, text)
	if err == nil {
		f.keep(texts, wanted, jpeg)
	}
	return jpeg, err
}

// known returns a refusal that was drawn with the same texts, nil if there is none.
func (f *refusalPictures) known(texts *configs.Placeholders, wanted refusal) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.texts != texts {
		return nil
	}
	return f.drawn[wanted]
}

// keep keeps a refusal that was drawn, and forgets those with other texts.
func (f *refusalPictures) keep(texts *configs.Placeholders, wanted refusal, jpeg []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.texts != texts {
		f.texts, f.drawn = texts, map[refusal][]byte{}
	}
	f.drawn[wanted] = jpeg
}

// drawMessage draws a JPEG with a title and lines below it, and with nothing of a camera.
func drawMessage(texts *configs.Placeholders, width, height int, title string, lines ...string) ([]byte, error) {
	return placeholder.Placeholder{
		Width: width, Height: height, Quality: frame.DefaultQuality, Title: title, Lines: lines, Font: texts.Typeface,
	}.Draw()
}
