package registry

import (
	"time"

	"framegate/pipeline/frame"
)

// State is where a camera is in its life.
type State string

// The states of a camera.
const (
	Idle         State = "idle"         // not connected, since nobody watches
	Connecting   State = "connecting"   // on the way to the first access unit
	Ready        State = "ready"        // connected, nobody watches
	Live         State = "live"         // connected and decoding
	Stalled      State = "stalled"      // the connection stood, but nothing came
	Unauthorized State = "unauthorized" // the camera refuses user or password
	Lost         State = "lost"         // no connection, for any other reason
	Disabled     State = "disabled"     // by the configuration
)

// stateOf tells the state of a camera whose connection ended for a reason.
func stateOf(reason frame.Reason) State {
	switch reason {
	case frame.Unauthorized:
		return Unauthorized
	case frame.Stalled:
		return Stalled
	default:
		return Lost
	}
}

// Status is a camera as the API tells it.
type Status struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	State       State             `json:"state"`
	Since       time.Time         `json:"since"` // of the state
	Error       string            `json:"error"` // why there is no picture; empty where there is one
	Reason      frame.Reason      `json:"reason,omitempty"`
	Codec       string            `json:"codec"`
	Width       int               `json:"width"`
	Height      int               `json:"height"`
	SourceFPS   float64           `json:"source_fps"`
	Plan        *frame.Plan       `json:"plan"` // nil while nothing is decoded
	Renditions  []RenditionStatus `json:"renditions"`
	Viewers     int               `json:"viewers"`
	LastFrameAt *time.Time        `json:"last_frame_at"` // when the newest picture came in from the camera
	Reconnects  int               `json:"reconnects"`
}

// RenditionStatus is one rendition that is being made.
type RenditionStatus struct {
	Width   int     `json:"width"`
	Height  int     `json:"height"`
	FPS     float64 `json:"fps"` // the limit; 0 is the camera's own rate
	Quality int     `json:"quality"`
	Viewers int     `json:"viewers"`
	Frames  uint64  `json:"frames"`
	FPSNow  float64 `json:"fps_now"`
	Bytes   uint64  `json:"bytes"` // of all JPEGs so far
}

func (c *camera) status() Status {
	stream, at := c.feed.Stream(), c.feed.LastUnit()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Status{
		ID: c.conf.ID, Name: c.conf.Name,
		State: c.state, Since: c.since,
		Codec: c.stream.Codec, Width: c.stream.Width, Height: c.stream.Height, SourceFPS: c.stream.FPS,
		Renditions: make([]RenditionStatus, 0, len(c.renditions)),
		Reconnects: c.reconnects,
	}
	if stream.FPS > 0 {
		s.SourceFPS = stream.FPS
	}
	if err := c.failure(); err != nil {
		s.Error, s.Reason = err.Error(), frame.ReasonOf(err)
	}
	if c.picture != nil {
		plan := c.picture.Plan()
		s.Plan = &plan
	}
	for _, r := range c.renditions {
		s.Viewers += r.viewers
		s.Renditions = append(s.Renditions, RenditionStatus{
			Width: r.want.Width, Height: r.want.Height, FPS: r.want.FPS, Quality: r.want.Quality,
			Viewers: r.viewers,
			Frames:  r.slot.Frames(), FPSNow: r.slot.FPS(), Bytes: r.slot.Bytes(),
		})
	}
	if at.After(c.lastFrame) {
		c.lastFrame = at
	}
	if at := c.lastFrame; !at.IsZero() {
		s.LastFrameAt = &at
	}
	return s
}
