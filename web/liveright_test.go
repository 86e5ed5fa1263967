package web

import (
	"slices"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"

	"github.com/coder/websocket"
)

func TestLiveShowsAViewerTheirCamerasUntilTheyMayNotWatch(t *testing.T) {
	config, err := configs.Parse("test.yaml", []byte("cameras: [{id: gate, url: 'rtsp://h/gate'}, {id: yard, url: 'rtsp://h/yard'}]\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	config.Auth.Users = []configs.User{userOf(t, "ann", "ann's", configs.AdminRole), userOf(t, "bob", "bob's", configs.ViewerRole, "ga*")}
	handler, stop := newHandler(t, config, nil, time.Now)
	url := listenWith(t, handler)
	t.Cleanup(stop)
	ann, bob := openLive(t, url, basic("ann", "ann's")), openLive(t, url, basic("bob", "bob's"))
	if list := ann.read(); len(list.Cameras) != 2 {
		t.Errorf("ann is told of %s", list.text)
	}
	if list := bob.read(); len(list.Cameras) != 1 || list.Cameras[0].ID != "gate" {
		t.Errorf("bob is told of %s", list.text)
	}
	bob.open(1, "yard", "")
	if ended := bob.until(func(m liveMessage) bool { return m.Ended != nil }).Ended; ended.Problem.Status != 403 {
		t.Errorf("bob opens yard: %+v", ended)
	}
	bob.open(1, "gate", "")
	bob.until(func(m liveMessage) bool { return m.picture != nil })
	fewer := *config
	fewer.Auth.Users = slices.Clone(config.Auth.Users)
	fewer.Auth.Users[1].Cameras = []string{"yard"}
	handler.Configure(&fewer)
	last := false
	bob.untilEach(
		func(m liveMessage) bool { last = last || m.picture != nil && m.picture.flags == 1; return last },
		func(m liveMessage) bool { return last && m.Ended != nil && m.Ended.Problem.Status == 403 },
		func(m liveMessage) bool { return len(m.Cameras) == 1 && m.Cameras[0].ID == "yard" },
	)
	for tile := range 3 {
		bob.open(tile, "yard", "width=160")
		bob.until(func(m liveMessage) bool { return m.picture != nil && m.picture.tile == uint32(tile) })
	}
	none := *config
	none.Auth.Users = config.Auth.Users[:1]
	handler.Configure(&none)
	for tiles := map[uint32]bool{}; len(tiles) < 3; {
		if p := bob.until(func(m liveMessage) bool { return m.picture != nil && m.picture.flags == 1 }).picture; tiles[p.tile] || p.width != 160 {
			t.Errorf("a last picture of tile %d: %d pixels wide", p.tile, p.width)
		} else {
			tiles[p.tile] = true
		}
	}
	if closed := bob.ended(); closed.Code != websocket.StatusPolicyViolation || closed.Reason != errRightEnded.Error() {
		t.Error(closed)
	}
	ann.open(1, "gate", "")
	ann.until(func(m liveMessage) bool { return m.picture != nil })
}
