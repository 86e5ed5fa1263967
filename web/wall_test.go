package web

import (
	"reflect"
	"testing"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth"
)

func TestGroupsHaveOnlyCamerasThatTheUserMaySee(t *testing.T) {
	config, err := configs.Parse("test.yaml", []byte(`
wall_fps: 5
groups:
  - {name: Yard, cameras: ['yard-*', gate]}
  - {name: Hidden, cameras: [yard-2]}
cameras:
  - {id: gate, url: 'rtsp://h/'}
  - {id: yard-1, url: 'rtsp://h/'}
  - {id: yard-2, url: 'rtsp://h/'}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	var s server
	s.config.Store(config)
	got := s.wallFor(auth.Principal{Role: auth.Viewer, Cameras: []string{"gate", "yard-1"}})
	if want := (wallSettings{5, []wallGroup{{"Yard", []string{"gate", "yard-1"}}}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
