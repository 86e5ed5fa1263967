package configs

import (
	"slices"
	"testing"
)

func TestGroupsHaveTheCamerasThatTheirPatternsMatch(t *testing.T) {
	config := mustParse(t, `
groups:
  - {name: Yard, cameras: ['yard-*', gate]}
  - {name: Doors, cameras: [gate, door?]}
cameras:
  - {id: gate, url: 'rtsp://h/'}
  - {id: yard-1, url: 'rtsp://h/'}
  - {id: door, url: 'rtsp://h/'}
  - {id: door2, url: 'rtsp://h/'}
`)
	for i, want := range [][]string{{"gate", "yard-1"}, {"gate", "door2"}} {
		if got := config.Groups[i].IDs; !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", config.Groups[i].Name, got, want)
		}
	}
}
