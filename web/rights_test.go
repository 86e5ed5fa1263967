package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/viewer"
)

func TestRightsEndWhenTheyAreCheckedOrTheirTimeIsOver(t *testing.T) {
	busy := errors.New("too many at once")
	for name, test := range map[string]struct {
		until  time.Duration // from now, at the second check; 0 for never
		err    error         // of the second check
		change bool
		ends   bool
	}{
		"still there":         {change: true},
		"taken away":          {err: errRightEnded, change: true, ends: true},
		"cannot be found out": {err: busy, change: true, ends: true},
		"over":                {until: -time.Second, change: true, ends: true},
		"over soon":           {until: time.Millisecond, change: true, ends: true},
		"over later":          {until: time.Hour, change: true},
		"taken away unknown":  {err: errRightEnded},
	} {
		t.Run(name, func(t *testing.T) {
			var h rights
			first, over := true, time.Now().Add(test.until)
			check := func() (time.Time, error) {
				if first {
					first = false
					return time.Time{}, nil
				}
				if test.until == 0 || test.err != nil {
					return time.Time{}, test.err
				}
				return over, nil
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			release := h.hold(check, cancel)
			if ctx.Err() != nil {
				t.Fatal("ended at once")
			}
			if test.change {
				h.changed()
			}
			if test.ends {
				<-ctx.Done()
			}
			if got := errors.Is(context.Cause(ctx), errRightEnded); got != test.ends {
				t.Errorf("ended: %v", got)
			}
			release()
			if len(h.held) != 0 {
				t.Error("it is still held")
			}
		})
	}
}

// TestRightEndsAtItsTimeThoughItCannotBeFoundOut has a right whose check fails from the second time on.
func TestRightEndsAtItsTimeThoughItCannotBeFoundOut(t *testing.T) {
	var h rights
	checks, over := 0, time.Now().Add(time.Millisecond)
	ctx, cancel := context.WithCancelCause(t.Context())
	release := h.hold(func() (time.Time, error) {
		if checks++; checks == 1 {
			return over, nil
		}
		return time.Time{}, errors.New("busy")
	}, cancel)
	defer release()
	<-ctx.Done()
	if checks != 2 {
		t.Errorf("it ended after %d checks", checks)
	}
}

func TestRightThatIsOverWhenItIsHeldEndsAtOnce(t *testing.T) {
	var h rights
	ctx, cancel := context.WithCancelCause(t.Context())
	defer h.hold(func() (time.Time, error) { return time.Time{}, errRightEnded }, cancel)()
	if !errors.Is(context.Cause(ctx), errRightEnded) {
		t.Error("it has not ended")
	}
}

func TestStreamEndsWithAPictureWhenTheRightToItEnds(t *testing.T) {
	config := func(auth string) *configs.Config {
		config, err := configs.Parse("test.yaml", []byte(auth+"\ncameras: [{id: gate, url: 'rtsp://h/gate'}]\n"), nil)
		if err != nil {
			t.Fatal(err)
		}
		return config
	}
	handler, stop := newHandler(t, config("auth: {open: true}"), nil, time.Now)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = elsewhere
		handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	defer stop()
	s, err := viewer.Open(t.Context(), server.URL+"/cameras/gate/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	handler.Configure(config("auth: {open: true}")) // which changes nothing
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	handler.Configure(config(""))
	var last, before []byte
	for {
		part, err := s.Next()
		if err != nil {
			break
		}
		last, before = slices.Clone(part.JPEG), last
	}
	picture, err := jpeg.Decode(bytes.NewReader(last))
	if err != nil || picture.Bounds().Dx() != 320 || len(last) < 2*len(before) {
		t.Errorf("%v, %d bytes after %d: no picture says why", err, len(last), len(before))
	}
	if resp, err := http.Get(server.URL + "/cameras/gate/next.jpg"); err != nil || resp.StatusCode != 403 {
		t.Errorf("%v, %v", resp, err)
	}
}

func TestProgramThatWaitsIsToldThatItsRightHasEnded(t *testing.T) {
	config := func(auth string) *configs.Config {
		config, err := configs.Parse("test.yaml", []byte(auth+"\ncameras: [{id: gate, url: 'rtsp://h/still'}]\n"), nil)
		if err != nil {
			t.Fatal(err)
		}
		return config
	}
	handler, stop := newHandler(t, config("auth: {open: true}"), nil, time.Now)
	defer stop()
	ask := func(query string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "http://192.0.2.2/cameras/gate/next.jpg"+query, nil)
		r.RemoteAddr = elsewhere
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	first := ask("")
	answer := make(chan *httptest.ResponseRecorder)
	go func() { answer <- ask("?wait=60&after=" + first.Header().Get("X-Timestamp")) }()
	for holds := 0; holds == 0; runtime.Gosched() {
		handler.server.rights.mu.Lock()
		holds = len(handler.server.rights.held)
		handler.server.rights.mu.Unlock()
	}
	handler.Configure(config(""))
	if got := <-answer; got.Code != 401 {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}

// TestStreamOfARemovedUserEnds over HTTP/1.1, whose requests end before their streams, while the user has no attempts left.
func TestStreamOfARemovedUserEnds(t *testing.T) {
	config, err := configs.Parse("test.yaml", []byte("cameras: [{id: gate, url: 'rtsp://h/gate'}]\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	ann, bob := userOf(t, "ann", "ann's", configs.ViewerRole), userOf(t, "bob", "bob's", configs.ViewerRole)
	config.Auth.Users = []configs.User{ann, bob}
	handler, stop := newHandler(t, config, nil, time.Now)
	server := httptest.NewServer(handler)
	defer server.Close()
	defer stop()
	open := func(name string) *http.Response {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/cameras/gate/stream", nil)
		r.SetBasicAuth(name, name+"'s")
		resp, err := http.DefaultClient.Do(r)
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
		return resp
	}
	removed, stays := open("ann"), open("bob")
	defer removed.Body.Close()
	defer stays.Body.Close()
	for i := range 30 {
		asked(t, server.URL+"/api/cameras", "ann", fmt.Sprint("wrong", i))
	}
	changed := *config
	changed.Auth.Users = []configs.User{bob}
	handler.Configure(&changed)
	if _, err := io.Copy(io.Discard, removed.Body); err != nil {
		t.Error(err)
	}
	if _, err := io.CopyN(io.Discard, stays.Body, 1<<20); err != nil {
		t.Errorf("the other user: %v", err)
	}
}

func TestLastPictureSaysWhyTheRightHasEnded(t *testing.T) {
	config := mustParse(t, "auth: {jwt: {secret: "+jwtSecret+"}, link_keys: [{id: wall, secret: "+linkSecret+"}]}\ncameras: [{id: gate, url: 'rtsp://h/gate'}]\n")
	handler, stop := newHandler(t, config, nil, time.Now)
	defer stop()
	texts, past := &config.Placeholders.Texts, time.Now().Add(-time.Hour)
	for path, want := range map[string]string{
		signedAs("/cameras/gate/stream?width=160", past, "wall", linkSecret):        texts.LinkExpired,
		signedAs("/cameras/gate/stream?width=160", past, "removed", linkSecret):     texts.LinkInvalid,
		"/cameras/gate/stream?token=" + tokenUntil(t, "viewer", "gate", past):       "The token has expired",
		"/cameras/gate/stream?token=" + tokenUntil(t, "viewer", "gate", past) + "x": "The token is not valid",
		"/cameras/gate/stream?token=" + token(t, "viewer", "yard"):                  "",
		"/cameras/gate/stream": "",
		"/cameras/gate/stream?token=" + tokenUntil(t, "viewer", "gate", past.Add(2*time.Hour)): "not ended",
	} {
		r := httptest.NewRequest("GET", "http://192.0.2.2"+path, nil)
		r.RemoteAddr = elsewhere
		_, err := handler.server.rightTo("gate", r)()
		lines := append(lastLines(texts, err), "")
		if ended := errors.Is(err, errRightEnded); ended != (want != "not ended") || ended && lines[1] != want {
			t.Errorf("%s: %v, %q", path, err, lines)
		}
	}
}

func TestStreamOfALinkEndsWithAPictureThatSaysSo(t *testing.T) {
	t.Parallel()
	config := mustParse(t, "auth: {link_keys: [{id: wall, secret: "+linkSecret+"}]}\ncameras: [{id: gate, url: 'rtsp://h/gate'}]\n")
	handler, stop := newHandler(t, config, nil, time.Now)
	url := listenWith(t, handler)
	t.Cleanup(stop)
	end := time.Now().Add(10 * time.Second)
	s, err := viewer.Open(t.Context(), url+signedAs("/cameras/gate/stream?width=160", end, "wall", linkSecret))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var last []byte
	for {
		part, err := s.Next()
		if err != nil {
			break
		}
		last = slices.Clone(part.JPEG)
	}
	size, err := jpeg.DecodeConfig(bytes.NewReader(last))
	if err != nil {
		t.Fatal(err)
	}
	want, err := drawMessage(&config.Placeholders, size.Width, size.Height, "gate", "You may not watch this camera any longer", config.Placeholders.Texts.LinkExpired)
	if err != nil || !bytes.Equal(last, want) {
		t.Errorf("%v: the last picture has %d bytes, want %d", err, len(last), len(want))
	}
}
