package live

import (
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry"
)

// newTestConnection returns a connection without a socket.
func newTestConnection(tiles ...uint32) *connection {
	c := &connection{end: func(error) {}, places: make(chan struct{}, maxWatching), wake: make(chan struct{}, 1), tiles: map[uint32]*tile{}}
	for _, number := range tiles {
		c.tiles[number] = &tile{number: number, begun: 1}
	}
	return c
}

// publishAll publishes a picture in each of some tiles.
func (c *connection) publishAll(tiles ...uint32) {
	for _, number := range tiles {
		c.publish(c.tiles[number], 1, frame.New([]byte("JPEG"), frame.Info{}))
	}
}

// sendsTo returns the tiles of the pictures that a connection sends now, in order.
func (c *connection) sendsTo(t *testing.T) (tiles []uint32) {
	t.Helper()
	var buffer []byte
	for {
		message, _, err := c.next(&buffer)
		if err != nil {
			t.Fatal(err)
		}
		if message == nil {
			return tiles
		}
		tiles = append(tiles, uint32(message[3]))
	}
}

func TestTilesAreServedInTurn(t *testing.T) {
	c := newTestConnection(1, 2, 3)
	c.publishAll(1, 1, 2, 1, 3, 1) // tile 1 has a picture more often
	if got := c.sendsTo(t); !slices.Equal(got, []uint32{1, 2, 3}) {
		t.Errorf("the first pictures go to %v", got)
	}
	c.publishAll(1, 1, 2, 3)
	if got := c.sendsTo(t); !slices.Equal(got, []uint32{1, 2, 3}) {
		t.Errorf("the next pictures go to %v", got)
	}
	c.publishAll(1, 2, 3)
	if got := c.sendsTo(t); got != nil {
		t.Errorf("with two pictures of each tile under way, more go to %v", got)
	}
	c.shown(c.tiles[3])
	c.shown(c.tiles[1])
	if got := c.sendsTo(t); !slices.Equal(got, []uint32{3, 1}) {
		t.Errorf("after pictures of tiles 3 and 1 were shown, more go to %v", got)
	}
}

func TestSlowLineServesAllTilesInTurn(t *testing.T) {
	c := newTestConnection(1, 2, 3)
	c.pace.limit = 1
	var got []uint32
	for range 6 {
		c.publishAll(1, 2, 3)
		sent := c.sendsTo(t)
		if len(sent) != 1 {
			t.Fatalf("with one picture under way at most, %v are sent", sent)
		}
		got = append(got, sent...)
		c.tiles[sent[0]].sent[0] = time.Now().Add(-(quick + slow) / 2) // so that the limit stays
		c.shown(c.tiles[sent[0]])
	}
	if !slices.Equal(got, []uint32{1, 2, 3, 1, 2, 3}) {
		t.Errorf("pictures go to %v", got)
	}
}

func TestClosedTileMakesRoom(t *testing.T) {
	c := newTestConnection(1, 2)
	c.pace.limit = 2
	c.publishAll(1)
	c.sendsTo(t)
	c.publishAll(1)
	c.sendsTo(t)
	c.publishAll(1, 2)
	if got := c.sendsTo(t); got != nil {
		t.Fatalf("beyond the limit, pictures go to %v", got)
	}
	c.drop(c.tiles[1])
	if got := c.sendsTo(t); !slices.Equal(got, []uint32{2}) {
		t.Errorf("after tile 1 was closed, pictures go to %v", got)
	}
}

func TestPaceFollowsTheLine(t *testing.T) {
	// Each picture takes perPicture on the line, one after the other; as many as allowed are under way.
	for perPicture, most := range map[time.Duration]time.Duration{5 * time.Millisecond: slow, 40 * time.Millisecond: 2 * slow, 300 * time.Millisecond: 3 * slow} {
		var p pace
		now := time.Now()
		var sent []time.Time
		var worst, last time.Duration
		for n := range 2000 {
			for len(sent) < 32 && p.allows(len(sent)) {
				sent = append(sent, now)
			}
			now = now.Add(perPicture)
			last = now.Sub(sent[0])
			if n > 100 {
				worst = max(worst, last)
			}
			p.shown(sent[0], now, len(sent))
			sent = sent[1:]
		}
		if worst > most {
			t.Errorf("where a picture takes %v, one is shown %v after it was sent", perPicture, worst)
		}
		if p.limit != 0 && float64(perPicture)*p.limit < float64(quick)/2 {
			t.Errorf("where a picture takes %v, the limit is %v, which leaves the line idle", perPicture, p.limit)
		}
	}
}

func TestPaceRecovers(t *testing.T) {
	var p pace
	now := time.Now()
	p.shown(now, now.Add(5*time.Second), 32)
	if p.allows(8) || !p.allows(0) {
		t.Fatalf("after a picture that took 5s, the limit is %v", p.limit)
	}
	for n := 0; p.limit != 0; n++ {
		if n > most*most {
			t.Fatalf("the limit is still %v after %d quick pictures", p.limit, n)
		}
		p.shown(now, now.Add(quick/2), 1)
	}
}

func TestClientIsToldWhatIsNew(t *testing.T) {
	k := newSentStates(Client{Sees: func(id string) bool { return id != "secret" }, Visible: func(s registry.Status) any { return s }})
	tells := func(b states, wanted ...string) string {
		text, err := json.Marshal(k.update(b, wanted))
		if err != nil {
			t.Fatal(err)
		}
		var short []string
		var messages []struct {
			Cameras []registry.Status
			Camera  *registry.Status
		}
		if err := json.Unmarshal(text, &messages); err != nil {
			t.Fatal(err)
		}
		for _, m := range messages {
			if m.Camera != nil {
				short = append(short, m.Camera.ID+" is "+string(m.Camera.State))
			}
			var ids []string
			for _, camera := range m.Cameras {
				ids = append(ids, camera.ID)
			}
			if ids != nil {
				short = append(short, "list of "+strings.Join(ids, " "))
			}
		}
		return strings.Join(short, ", ")
	}
	var b states
	list := func(states ...string) states {
		var cameras []registry.Status
		for i := 0; i < len(states); i += 2 {
			cameras = append(cameras, registry.Status{ID: states[i], State: registry.State(states[i+1])})
		}
		b = b.next(cameras)
		return b
	}
	for _, c := range []struct {
		now  states
		want string
	}{
		{list("a", "ready", "secret", "ready", "b", "lost"), "list of a b"},
		{list("a", "ready", "secret", "lost", "b", "lost"), ""},
		{list("a", "live", "secret", "lost", "b", "lost"), "a is live"},
		{list("b", "lost", "a", "live"), "list of b a"},
		{list("b", "ready"), "list of b"},
	} {
		if got := tells(c.now); got != c.want {
			t.Errorf("the client is told %q, want %q", got, c.want)
		}
	}
	if got := tells(b, "b"); got != "b is ready" {
		t.Errorf("of the figures it wants the client is told %q", got)
	}
	moving := b.next([]registry.Status{{ID: "b", State: registry.Ready, SourceFPS: 25, Viewers: 3, HeldBytes: 1 << 20}})
	if got := tells(moving); got != "" {
		t.Errorf("of figures it does not want the client is told %q", got)
	}
}

func TestClientIsToldWhenAPictureThatItWatchesIsOld(t *testing.T) {
	k := newSentStates(Client{Sees: func(string) bool { return true }, Visible: func(s registry.Status) any { return s }})
	k.time = time.Now().Add(time.Hour) // no message with the time
	var b states
	tells := func(age time.Duration, wanted ...string) int {
		at := time.Now().Add(-age)
		b = b.next([]registry.Status{{ID: "a", State: registry.Live, LastFrameAt: &at}})
		k.figures = time.Now().Add(time.Hour) // no figures
		return len(k.update(b, wanted))
	}
	tells(0)
	for i, c := range []struct {
		age    time.Duration
		wanted []string
		want   int
	}{{0, []string{"a"}, 0}, {time.Minute, []string{"a"}, 1}, {2 * time.Minute, []string{"a"}, 0}, {0, []string{"a"}, 1}, {time.Minute, nil, 0}} {
		if got := tells(c.age, c.wanted...); got != c.want {
			t.Errorf("%d: %d messages, want %d", i, got, c.want)
		}
	}
}

func TestClientIsToldValuesThatChange(t *testing.T) {
	values := Values{"wall": 1, "configuration": "good"}
	first := maps.Clone(values)
	now := &first
	k := newSentStates(Client{
		Sees: func(string) bool { return true }, Visible: func(s registry.Status) any { return s },
		Values: func() *Values { return now },
	})
	k.time = time.Now().Add(time.Hour)
	tells := func() string {
		text, err := json.Marshal(k.update(states{}, nil))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for i, c := range []struct {
		change func()
		want   string
	}{
		{func() {}, `[{"cameras":[]},{"configuration":"good"},{"wall":1}]`},
		{func() {}, `null`},
		{func() { values["wall"] = 2 }, `[{"wall":2}]`},
		{func() { delete(values, "configuration") }, `[{"configuration":null}]`},
		{func() {}, `null`},
	} {
		if c.change(); !maps.Equal(values, *now) {
			changed := maps.Clone(values)
			now = &changed
		}
		if got := tells(); got != c.want {
			t.Errorf("%d: the client is told %s, want %s", i, got, c.want)
		}
	}
}

// unchanged returns what a client with many cameras is sent when nothing has changed.
func unchanged() func() []any {
	values := &Values{"wall": 1}
	k := newSentStates(Client{Sees: func(string) bool { return true }, Visible: func(s registry.Status) any { return s }, Values: func() *Values { return values }})
	var list []registry.Status
	for n := range 64 {
		list = append(list, registry.Status{ID: fmt.Sprint("camera", n), State: registry.Live})
	}
	now := states{}.next(list)
	k.update(now, nil)
	k.time = time.Now().Add(time.Hour)
	return func() []any { return k.update(now, nil) }
}

func TestClientOfWhichNothingChangesTakesNoMemory(t *testing.T) {
	update := unchanged()
	if n := testing.AllocsPerRun(100, func() {
		if sent := update(); sent != nil {
			t.Errorf("%v", sent)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkUnchangedClient(b *testing.B) {
	update := unchanged()
	b.ReportAllocs()
	for b.Loop() {
		update()
	}
}

// TestCamerasAreListedWithoutKeepingOthersWaiting lists cameras that take for ever.
func TestCamerasAreListedWithoutKeepingOthersWaiting(t *testing.T) {
	list := make(chan []registry.Status)
	s := New(func() []registry.Status { return <-list })
	var first sync.WaitGroup
	first.Go(func() { s.now() })
	list <- []registry.Status{{ID: "a"}}
	first.Wait()
	s.mu.Lock()
	s.asked = time.Time{}
	s.mu.Unlock()
	second := make(chan struct{})
	go func() {
		defer close(second)
		s.now()
	}()
	for asking := false; !asking; {
		s.mu.Lock()
		asking = s.asking
		s.mu.Unlock()
		runtime.Gosched()
	}
	if got := s.now(); len(got.cameras) != 1 || got.cameras[0].status.ID != "a" {
		t.Errorf("meanwhile the cameras are %+v", got.cameras)
	}
	list <- nil
	<-second
	if got := s.now(); len(got.cameras) != 0 {
		t.Errorf("afterwards the cameras are %+v", got.cameras)
	}
}

func TestReasonsFitIntoACloseMessage(t *testing.T) {
	for _, text := range []string{"short", strings.Repeat("x", 200), strings.Repeat("é", 100), strings.Repeat("界", 60)} {
		if got := shorten(text); len(got) > 123 || !strings.HasPrefix(text, strings.TrimSuffix(got, "…")) || strings.ToValidUTF8(got, "") != got {
			t.Errorf("%q", got)
		}
	}
}

func FuzzRequest(f *testing.F) {
	for _, text := range []string{`{"open": {"tile": 1, "camera": "gate", "query": "width=320"}}`, `{"close": 1}`, `{"shown": [1, 2]}`, `{"figures": ["gate"]}`, `{}`, `{"close": null}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := parse(text)
		if err == nil && r.Open != nil && (r.Open.Tile == nil || r.Open.Camera == "") {
			t.Errorf("%q opens nothing", text)
		}
	})
}
