package live

import (
	"encoding/json"
	"time"

	"github.com/framegate/framegate/registry"
)

// board has the states of all cameras at one time. It is not changed.
type board struct {
	cameras []entry
	counted uint64 // the highest version so far
}

// entry is a camera on a board.
type entry struct {
	status  registry.Status
	state   string // JSON of what is not a figure
	version uint64 // another one whenever state is another one
}

// next returns the board of a later time.
func (b board) next(list []registry.Status) board {
	before := make(map[string]entry, len(b.cameras))
	for _, e := range b.cameras {
		before[e.status.ID] = e
	}
	now := board{cameras: make([]entry, len(list)), counted: b.counted}
	for i, status := range list {
		e := entry{status: status, state: stateOf(status)}
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
	s.Renditions, s.Viewers, s.LastFrameAt, s.SourceFPS, s.Held, s.Broken = nil, 0, nil, 0, 0, 0
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
