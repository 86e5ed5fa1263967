package live

import (
	"encoding/json"
	"time"

	"github.com/framegate/framegate/registry"
)

// states has the states of all cameras at one time. It is not changed after it is made.
type states struct {
	cameras []cameraState
	counted uint64 // the highest version so far
}

// cameraState is the state of one camera.
type cameraState struct {
	status  registry.Status
	state   string // JSON of everything but the figures
	version uint64 // changes whenever state changes
}

// next returns the states at a later time.
func (s states) next(list []registry.Status) states {
	before := make(map[string]cameraState, len(s.cameras))
	for _, e := range s.cameras {
		before[e.status.ID] = e
	}
	now := states{cameras: make([]cameraState, len(list)), counted: s.counted}
	for i, status := range list {
		e := cameraState{status: status, state: stateOf(status)}
		if old, ok := before[status.ID]; ok && old.state == e.state {
			e.version = old.version
		} else {
			now.counted++
			e.version = now.counted
		}
		now.cameras[i] = e
	}
	return now
}

// stateOf returns the JSON of a camera without what changes while it sends pictures to viewers.
func stateOf(s registry.Status) string {
	s.Renditions, s.Viewers, s.LastFrameAt, s.SourceFPS, s.HeldBytes, s.Broken = nil, 0, nil, 0, 0, 0
	streams := make([]registry.StreamStatus, len(s.Streams))
	for i, stream := range s.Streams {
		stream.FPS = 0
		streams[i] = stream
	}
	s.Streams = streams
	text, err := json.Marshal(s)
	if err != nil { // a time that JSON cannot express
		return time.Now().String()
	}
	return string(text)
}
