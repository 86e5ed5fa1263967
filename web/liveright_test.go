package web

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth"

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

// TestValuesOfAWebSocketAreMadeWhenTheyChange because each WebSocket asks for them four times a second.
func TestValuesOfAWebSocketAreMadeWhenTheyChange(t *testing.T) {
	config := mustParse(t, "groups: [{name: yard, cameras: ['yard-*']}]\ncameras: [{id: yard-1, url: 'rtsp://h/gate'}]")
	handler, stop := newHandler(t, config, nil, time.Now)
	defer stop()
	s := handler.server
	state := Configuration{File: "site.yaml"}
	s.Configuration = func() Configuration { return state }
	admin := s.newLiveClient(requestOf(auth.Principal{Kind: auth.User, Name: "ann", Role: auth.Admin}, "192.0.2.1"))
	viewer := s.newLiveClient(requestOf(auth.Principal{Kind: auth.User, Name: "bob", Role: auth.Viewer, Cameras: []string{"gate"}}, "192.0.2.1"))
	for _, step := range []struct {
		what          string
		change        func()
		admin, viewer bool // whether the values are made again
	}{
		{"the beginning", func() {}, true, true},
		{"nothing", func() {}, false, false},
		{"a fault", func() { state.Faults = []Fault{{Line: 1, Message: "wrong"}} }, true, false},
		{"the same fault", func() { state.Faults = []Fault{{Line: 1, Message: "wrong"}} }, false, false},
		{"another configuration", func() { handler.Configure(mustParse(t, "wall_fps: 5\ncameras: []")) }, true, true},
		{"a right", func() { viewer.principal.Store(&auth.Principal{Kind: auth.User, Name: "bob", Role: auth.Admin}) }, false, true},
		{"nothing again", func() {}, false, false},
	} {
		adminBefore, viewerBefore := admin.known, viewer.known
		step.change()
		if a, v := admin.values() != adminBefore, viewer.values() != viewerBefore; a != step.admin || v != step.viewer {
			t.Errorf("%s: made again for the admin: %v, for the viewer: %v", step.what, a, v)
		}
		if step.what == "a right" {
			if _, has := (*viewer.known)["configuration"]; !has {
				t.Error("who has become an admin is not sent the configuration")
			}
		}
	}
	if n := testing.AllocsPerRun(100, func() { admin.values() }); n > 0 {
		t.Errorf("%v allocations though nothing has changed", n)
	}
}

func TestEveryChangeOfTheConfigurationIsSeen(t *testing.T) {
	for i := range reflect.TypeFor[Configuration]().NumField() {
		var changed Configuration
		field := reflect.ValueOf(&changed).Elem().Field(i)
		switch field.Interface().(type) {
		case string:
			field.SetString("x")
		case int:
			field.SetInt(1)
		case time.Time:
			field.Set(reflect.ValueOf(time.Unix(1, 0)))
		default:
			field.Set(reflect.MakeSlice(field.Type(), 1, 1))
		}
		if changed.equal(Configuration{}) || !changed.equal(changed) {
			t.Errorf("a change of %s is not seen", reflect.TypeFor[Configuration]().Field(i).Name)
		}
	}
}
