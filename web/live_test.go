package web

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"

	"github.com/coder/websocket"
)

func TestLiveBeginsWithAllCamerasAndSendsThePicturesOfATile(t *testing.T) {
	began := time.Now()
	s := openLive(t, serve(t), nil)
	first := s.read()
	if len(first.Cameras) != 3 || first.Cameras[0].ID != "gate" || first.Cameras[2].State != "disabled" {
		t.Fatalf("the first message is %s", first.text)
	}
	s.open(7, "gate", "width=160&fps=50")
	for range 5 {
		p := s.until(func(m liveMessage) bool { return m.picture != nil }).picture
		if p.tile != 7 || p.flags != 0 || p.width != 160 || p.received.Before(began) || p.sent.Before(p.received.Truncate(time.Microsecond)) || p.sent.After(time.Now()) {
			t.Fatalf("%+v", *p)
		}
		s.shown(7)
	}
	s.send(`{"close": 7}`)
	s.open(8, "gate", "")
	s.until(func(m liveMessage) bool { return m.picture != nil && m.picture.tile == 8 })
}

func TestLiveSendsNoMoreThanTwoPicturesOfATileThatAreNotShown(t *testing.T) {
	s := openLive(t, serve(t), nil)
	s.open(1, "gate", "width=160")
	s.open(2, "gate", "width=160")
	counts := map[uint32]int{}
	for counts[2] < 20 {
		p := s.until(func(m liveMessage) bool { return m.picture != nil }).picture
		counts[p.tile]++
		if p.tile == 2 {
			s.shown(2)
		}
	}
	if counts[1] > 2 {
		t.Errorf("%d pictures of tile 1 were sent, and none was shown", counts[1])
	}
	s.shown(1)
	s.until(func(m liveMessage) bool { return m.picture != nil && m.picture.tile == 1 })
}

func TestLiveChangesTheSizeOfATileWithoutAPause(t *testing.T) {
	s := openLive(t, serve(t), nil)
	s.open(1, "gate", "width=160")
	widths := []int{}
	for !slices.Contains(widths, 64) {
		m := s.until(func(m liveMessage) bool { return m.picture != nil || m.Ended != nil })
		if m.Ended != nil {
			t.Fatal(m.text)
		}
		widths = append(widths, m.picture.width)
		if len(widths) == 3 {
			s.open(1, "gate", "width=64")
		}
		s.shown(1)
	}
	for range 5 { // the old view has ended
		if p := s.until(func(m liveMessage) bool { return m.picture != nil }).picture; p.width != 64 {
			t.Errorf("a picture is %d pixels wide after one of 64, and %v", p.width, widths)
		}
		s.shown(1)
	}
	if widths[0] != 160 {
		t.Errorf("the widths are %v", widths)
	}
}

func TestLiveChangesTheSizeOfATileThatIsTheOnlyViewerAllowed(t *testing.T) {
	config, err := configs.Parse("test.yaml", []byte("cameras: [{id: gate, url: 'rtsp://h/gate', max_viewers: 1}]\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := openLive(t, serveConfig(t, config, nil), nil)
	s.open(1, "gate", "width=160")
	picture := func(width int) func(liveMessage) bool {
		return func(m liveMessage) bool {
			if m.Ended != nil {
				t.Fatal(m.text)
			}
			if m.picture != nil {
				s.shown(1)
			}
			return m.picture != nil && m.picture.width == width
		}
	}
	s.until(picture(160))
	s.open(1, "gate", "width=64")
	s.until(picture(64))
}

func TestLiveSaysWhyATileHasNoPictures(t *testing.T) {
	config, err := configs.Parse("test.yaml", []byte(`
cameras:
  - {id: gate, url: 'rtsp://h/gate'}
  - {id: away, url: 'rtsp://h/away', placeholder: false}
  - {id: "off", url: 'rtsp://h/off', disabled: true}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	url := serveConfig(t, config, nil)
	for name, c := range map[string]struct {
		camera, query             string
		status                    int
		detail, parameter, reason string
	}{
		"no such camera":     {"shed", "", 404, "shed", "", ""},
		"out of range":       {"gate", "width=7", 400, "width is \"7\"", "width", ""},
		"not encoded":        {"gate", "width=50%", 400, "width is \"50%\"", "width", ""},
		"camera is away":     {"away", "", 503, "connection refused", "", "unreachable"},
		"camera is disabled": {"off", "", 503, "disabled", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := openLive(t, url, nil)
			s.open(3, c.camera, c.query)
			ended := s.until(func(m liveMessage) bool { return m.Ended != nil }).Ended
			p := ended.Problem
			if ended.Tile != 3 || p.Status != c.status || !strings.Contains(p.Detail, c.detail) || p.Parameter != c.parameter || p.Reason != c.reason {
				t.Errorf("%+v", ended)
			}
			s.open(3, "gate", "") // the tile can be used again
			s.until(func(m liveMessage) bool { return m.picture != nil })
		})
	}
}

func TestLiveSaysWhatIsWrongWithAMessage(t *testing.T) {
	url := serve(t)
	for message, want := range map[string]string{
		`open`:                         "cannot be read",
		`[]`:                           "cannot be read",
		`{}`:                           "exactly one of open, close, shown and figures",
		`{"close": 1, "shown": [1]}`:   "exactly one of open, close, shown and figures",
		`{"close": 1} {"close": 2}`:    "more than one JSON object",
		`{"close": -1}`:                "cannot be read",
		`{"clsoe": 1}`:                 `unknown field "clsoe"`,
		`{"open": {"camera": "gate"}}`: "open.tile is missing",
		`{"open": {"tile": 1}}`:        "open.camera is missing",
		`{"figures": ["` + strings.Repeat(`g","`, 300) + `"]}`: "figures has 301 cameras; at most 256 are allowed",
	} {
		s := openLive(t, url, nil)
		s.send(message)
		if closed := s.ended(); closed.Code != websocket.StatusPolicyViolation || !strings.Contains(closed.Reason, want) {
			t.Errorf("%.60s: %v", message, closed)
		}
	}
	s := openLive(t, url, nil)
	for tile := range 257 {
		s.open(tile, "gate", "width=16")
	}
	if closed := s.ended(); closed.Code != websocket.StatusPolicyViolation || !strings.Contains(closed.Reason, "at most 256 tiles") {
		t.Errorf("257 tiles: %v", closed)
	}
}

func TestLiveIsForPagesOfFramegateAndOfAllowedOrigins(t *testing.T) {
	url := serve(t)
	for origin, want := range map[string]int{
		"": 101, url: 101, "https://wall.example": 101, "https://evil.example": 403, "null": 403, strings.Replace(url, "127.0.0.1", "localhost", 1): 403,
	} {
		if got := askForSocket(t, url, origin, nil); got != want {
			t.Errorf("a page of %q gets %d", origin, got)
		}
	}
	resp, body := get(t, url+"/api/live")
	if resp.StatusCode != http.StatusUpgradeRequired || resp.Header.Get("Upgrade") != "websocket" || !strings.Contains(string(body), "WebSocket") {
		t.Errorf("without an upgrade: %s %v %s", resp.Status, resp.Header, body)
	}
}

// askForSocket asks for a WebSocket as a page of an origin does, empty for a program, and returns the status of the answer.
func askForSocket(t *testing.T, url, origin string, header http.Header) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(r.Header, header)
	for name, value := range map[string]string{"Connection": "keep-alive, Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
		r.Header.Set(name, value)
	}
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestPagesOfAnyOriginDoNotWatchAsAUser(t *testing.T) {
	for origins, c := range map[string]struct{ nobody, user int }{
		`["*"]`:                         {101, 403},
		`["*", "https://wall.example"]`: {101, 101},
	} {
		config, err := configs.Parse("test.yaml", []byte("auth: {open: true}\ncors_origins: "+origins+"\ncameras: [{id: gate, url: 'rtsp://h/gate'}]\n"), nil)
		if err != nil {
			t.Fatal(err)
		}
		config.Auth.Users = []configs.User{userOf(t, "ann", "ann's", configs.AdminRole)}
		url := serveConfig(t, config, nil)
		if got := askForSocket(t, url, "https://wall.example", nil); got != c.nobody {
			t.Errorf("cors_origins: %s: nobody gets %d", origins, got)
		}
		if got := askForSocket(t, url, "https://wall.example", basic("ann", "ann's")); got != c.user {
			t.Errorf("cors_origins: %s: a user gets %d", origins, got)
		}
		if got := askForSocket(t, url, url, basic("ann", "ann's")); got != 101 {
			t.Errorf("cors_origins: %s: a page of framegate gets %d", origins, got)
		}
	}
}

// basic returns the header with a user's name and password.
func basic(name, password string) http.Header {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(name, password)
	return r.Header
}

func TestLiveTellsOfCamerasThatChange(t *testing.T) {
	url := serve(t)
	s := openLive(t, url, nil)
	s.send(`{"figures": ["gate"]}`)
	s.open(1, "gate", "width=160")
	s.until(func(m liveMessage) bool { return m.Camera != nil && m.Camera.ID == "gate" && m.Camera.State == "live" })
	s.until(func(m liveMessage) bool {
		if m.picture != nil {
			s.shown(1)
		}
		return m.Camera != nil && len(m.Camera.Renditions) == 1 && m.Camera.Renditions[0].Width == 160
	})
}

func TestLiveEndsWithFramegate(t *testing.T) {
	config, err := configs.Parse("test.yaml", []byte("cameras: [{id: gate, url: 'rtsp://h/gate'}]\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	handler, stop := newHandler(t, config, nil, time.Now)
	url := listenWith(t, handler)
	s := openLive(t, url, nil)
	s.open(1, "gate", "")
	s.until(func(m liveMessage) bool { return m.picture != nil })
	waited := make(chan struct{})
	go func() {
		stop()
		handler.Wait()
		close(waited)
	}()
	if closed := s.ended(); closed.Code != websocket.StatusGoingAway {
		t.Error(closed)
	}
	<-waited
	if closed := openLive(t, url, nil).ended(); closed.Code != websocket.StatusGoingAway {
		t.Errorf("a later connection: %v", closed)
	}
}

func TestLiveTellsOfCamerasThatComeAndGo(t *testing.T) {
	url, _ := serveFile(t)
	s := openLive(t, url, nil)
	lists := func(ids ...string) func(liveMessage) bool {
		return func(m liveMessage) bool {
			var got []string
			for _, camera := range m.Cameras {
				got = append(got, camera.ID)
			}
			return slices.Equal(got, ids)
		}
	}
	s.until(lists("gate", "yard"))
	s.open(1, "yard", "")
	s.until(func(m liveMessage) bool { return m.picture != nil })
	send(t, "POST", url+"/api/cameras", `{"id": "shed", "url": "rtsp://h/shed"}`, nil)
	s.until(lists("gate", "yard", "shed"))
	send(t, "PATCH", url+"/api/cameras/gate", `{"name": "The gate"}`, nil)
	s.until(func(m liveMessage) bool {
		return m.Camera != nil && m.Camera.ID == "gate" && m.Camera.Name == "The gate"
	})
	send(t, "DELETE", url+"/api/cameras/yard", "", nil)
	s.untilEach(func(m liveMessage) bool {
		if m.Ended != nil && (m.Ended.Tile != 1 || m.Ended.Problem.Status != 404) {
			t.Errorf("the camera of a tile is removed: %+v", m.Ended)
		}
		return m.Ended != nil
	}, lists("gate", "shed"))
}

func TestLiveGoesOnWithACameraThatChanges(t *testing.T) {
	url, _ := serveFile(t)
	s := openLive(t, url, nil)
	s.open(1, "gate", "")
	picture := func(m liveMessage) bool {
		if m.Ended != nil {
			t.Fatal(m.text)
		}
		return m.picture != nil
	}
	s.until(picture)
	send(t, "PATCH", url+"/api/cameras/gate", `{"width": 64}`, nil)
	for s.until(picture).picture.width != 64 {
		s.shown(1)
	}
}

func TestOneAddressHasAFewWebSockets(t *testing.T) {
	url := serve(t)
	first := openLive(t, url, nil)
	for range maxLiveOfOne - 1 {
		openLive(t, url, nil)
	}
	_, resp, err := websocket.Dial(first.ctx, url+"/api/live", nil)
	if err == nil || resp == nil || resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("one more: %v %v", resp, err)
	}
	openLive(t, url, http.Header{"Test-From": {"127.0.0.2:4321"}}).read()
}

func TestLiveLimitsWhoIsNoAdminAnyMore(t *testing.T) {
	config, err := configs.Parse("test.yaml", []byte("cameras: [{id: gate, url: 'rtsp://h/gate', max_renditions: 4}]\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	config.Auth.Users = []configs.User{userOf(t, "ann", "ann's", configs.AdminRole)}
	handler, stop := newHandler(t, config, nil, time.Now)
	url := listenWith(t, handler)
	t.Cleanup(stop)
	r, _ := http.NewRequest(http.MethodGet, url, nil)
	r.SetBasicAuth("ann", "ann's")
	s := openLive(t, url, r.Header)
	s.read()
	demoted := *config
	demoted.Auth.Users = slices.Clone(config.Auth.Users)
	demoted.Auth.Users[0].Role = configs.ViewerRole
	handler.Configure(&demoted)
	for i := range 3 {
		s.open(i, "gate", fmt.Sprintf("width=%d", 100+i))
	}
	if ended := s.until(func(m liveMessage) bool { return m.Ended != nil }).Ended; ended.Problem.Status != http.StatusTooManyRequests {
		t.Errorf("%+v", ended)
	}
}
