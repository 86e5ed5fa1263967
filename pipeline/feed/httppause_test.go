package feed

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
)

// answered is an answer with a status, a type and a body.
func answered(status, kind, body string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", status, kind, len(body), body)
}

// badAnswers has answers without a picture that a camera gives now and then.
var badAnswers = map[string]struct {
	answer string
	closes bool
}{
	"503":              {answered("503 Service Unavailable", "application/xml", "<a>Device Busy</a>"), false},
	"500":              {answered("500 Internal Server Error", "text/html", "<html>"), false},
	"404":              {answered("404 Not Found", "text/html", "<html>"), false},
	"204":              {"HTTP/1.1 204 No Content\r\n\r\n", false},
	"304":              {"HTTP/1.1 304 Not Modified\r\n\r\n", false},
	"HTML":             {answered("200 OK", "text/html", "<html>"), false},
	"text as JPEG":     {answered("200 OK", "image/jpeg", "Device Busy"), false},
	"nothing as JPEG":  {answered("200 OK", "image/jpeg", ""), false},
	"nothing at all":   {"", true},
	"half a head":      {"HTTP/1.1 200 OK\r\nContent-", true},
	"a cut JPEG":       {jpegAnswer()[:len(jpegAnswer())-9], true},
	"a short JPEG":     {answered("200 OK", "image/jpeg", string(still[:len(still)-9])), false},
	"an empty stream":  {multipartAnswer(0), true},
	"a cut part":       {multipartAnswer(1)[:len(multipartAnswer(1))-30], true},
	"a PNG":            {answered("200 OK", "image/png", "\x89PNG\r\n\x1a\n"), false},
	"an unending head": {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", 2<<20), true},
}

// TestOneBadAnswerDoesNotEndACamera has cameras that give a bad answer every third time.
func TestOneBadAnswerDoesNotEndACamera(t *testing.T) {
	for name, bad := range badAnswers {
		for kind, good := range map[string]string{"still": jpegAnswer(), "stream": multipartAnswer(2)} {
			t.Run(name+" of a "+kind, func(t *testing.T) {
				t.Parallel()
				feed := oftenAsked(t, serveRaw(t, func(n int) (string, bool) {
					if n%3 == 2 {
						return bad.answer, bad.closes
					}
					return good, kind == "stream"
				})+"/x", camtest.Patience)
				units := feed.Feed.Units().Reader()
				for range 8 {
					next(t, units)
				}
				if err := feed.Stop(); err != context.Canceled {
					t.Error(err)
				}
			})
		}
	}
}

func TestCameraThatClosesAfterEachPictureIsOneConnection(t *testing.T) {
	formats := 0
	url := serveRaw(t, func(int) (string, bool) { return multipartAnswer(1) + "--b--\r\n", true })
	src := camtest.Source(t, url+"/x")
	src.PollInterval = 40 * time.Millisecond
	feed, err := New(src)
	if err != nil {
		t.Fatal(err)
	}
	feed.grace = camtest.Patience
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- feed.Run(ctx, func(frame.Stream) { formats++ }) }()
	units := feed.Units().Reader()
	began := time.Now()
	for range 6 {
		next(t, units)
	}
	if took := time.Since(began); took < 5*src.PollInterval {
		t.Errorf("six connections within %v", took)
	}
	cancel()
	if err := <-done; err != context.Canceled || formats != 1 {
		t.Errorf("%v, %d formats", err, formats)
	}
}

// TestCameraThatIsGoneIsLostSoon has cameras that give a picture and then none: each ends with the newest reason, before it would
// count as stalled.
func TestCameraThatIsGoneIsLostSoon(t *testing.T) {
	for name, c := range map[string]struct {
		first  string // the first answer
		bad    string // all others
		closes bool
		reason frame.Reason
		part   string
	}{
		"stills, then 503":        {jpegAnswer(), badAnswers["503"].answer, false, frame.Refused, "503 Service Unavailable"},
		"stills, then HTML":       {jpegAnswer(), badAnswers["HTML"].answer, false, frame.NoVideo, "answers with text/html"},
		"stills, then nothing":    {jpegAnswer(), "", true, frame.Unreachable, "connect to"},
		"a stream, then 404":      {multipartAnswer(2), badAnswers["404"].answer, false, frame.NotFound, "404"},
		"a stream, then silence":  {multipartAnswer(2), "", false, frame.Ended, "closed the connection"},
		"a stream, then no parts": {multipartAnswer(2), multipartAnswer(0), false, frame.Ended, "closed the connection"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			feed := oftenAsked(t, serveRaw(t, func(n int) (string, bool) {
				if n == 0 {
					return c.first, strings.HasPrefix(name, "a stream")
				}
				return c.bad, c.closes
			})+"/x", 2*frame.GracePeriod) // the answers must come before its end
			feed.Stream(t)
			feed.Fails(t, c.reason, c.part)
		})
	}
}

func TestCameraThatRefusesThePasswordLaterIsNotAskedAgain(t *testing.T) {
	asked := make(chan bool, 100)
	url := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- true
		if _, _, ok := r.BasicAuth(); !ok || len(asked) > 4 {
			w.Header().Set("WWW-Authenticate", `Basic realm="cam"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "image/jpeg")
		w.Write(still)
	})
	feed := oftenAsked(t, strings.Replace(url, "http://", "http://admin:hunter2@", 1)+"/x", camtest.Patience)
	feed.Stream(t)
	feed.Fails(t, frame.Unauthorized, "401 from")
	if n := len(asked); n != 5 {
		t.Errorf("asked %d times", n)
	}
}

// TestPicturesThatAreTooLargeAreBroken has a camera whose pictures, but for the first, are larger than any that is decoded.
func TestPicturesThatAreTooLargeAreBroken(t *testing.T) {
	vast := bytes.Clone(still)
	size := bytes.Index(vast, []byte{0xFF, 0xC0}) + 5
	copy(vast[size:], []byte{0x40, 0, 0x40, 0}) // 16384x16384
	feed := oftenAsked(t, serveRaw(t, func(n int) (string, bool) {
		if n == 0 {
			return jpegAnswer(), false
		}
		return answered("200 OK", "image/jpeg", string(vast)), false
	})+"/x", camtest.Patience)
	feed.Fails(t, frame.NoVideo, "only JPEGs that are damaged or too large, more than 20 in a row")
	if n := feed.Feed.Broken(); n != maxBroken+1 {
		t.Errorf("%d broken pictures", n)
	}
}

// TestGapBeginsWithTheEndOfAStream has a limit that is over long before the camera is to be asked again.
func TestGapBeginsWithTheEndOfAStream(t *testing.T) {
	var asked atomic.Int64
	src := camtest.Source(t, serveRaw(t, func(int) (string, bool) { asked.Add(1); return multipartAnswer(1) + "--b--\r\n", true })+"/x")
	src.PollInterval = pauseInGap
	feed, err := New(src)
	if err != nil {
		t.Fatal(err)
	}
	feed.grace = time.Millisecond
	camtest.Run(t, feed).Fails(t, frame.Ended, "closed the connection")
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// TestPicturesThatAreAllBrokenAreNamedByTheirKind has cameras whose pictures, but perhaps for the first, cannot be shown.
func TestPicturesThatAreAllBrokenAreNamedByTheirKind(t *testing.T) {
	cut := string(still[:len(still)-9])
	for name, c := range map[string]struct{ first, then, part string }{
		"cut stills":          {answered("200 OK", "image/jpeg", cut), answered("200 OK", "image/jpeg", cut), "only JPEGs that are cut off, more than 20 in a row"},
		"cut after a picture": {jpegAnswer(), answered("200 OK", "image/jpeg", cut), "only JPEGs that are cut off, more than 20 in a row"},
		"text":                {jpegAnswer(), badAnswers["text as JPEG"].answer, "not a JPEG picture"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			oftenAsked(t, serveRaw(t, func(n int) (string, bool) {
				if n == 0 {
					return c.first, false
				}
				return c.then, false
			})+"/x", camtest.Patience).Fails(t, frame.NoVideo, c.part)
		})
	}
}
