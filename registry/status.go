package registry

import (
	"slices"
	"time"

	"framegate/configs"
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
	Broken      uint64            `json:"broken_units"` // dropped, because nothing can be made of them
	Streams     []StreamStatus    `json:"streams"`
	Falls       []frame.Fall      `json:"plans_failed"` // plans that failed, and when they are tried again
	// Tried tells that each stream has come or failed once, or needs not be tried before somebody watches.
	Tried bool `json:"-"`
}

// StreamStatus is one stream of a camera.
type StreamStatus struct {
	Name   string      `json:"name"` // main or sub
	State  State       `json:"state"`
	Since  time.Time   `json:"since"`
	Error  string      `json:"error"`
	Codec  string      `json:"codec"`
	Width  int         `json:"width"`
	Height int         `json:"height"`
	FPS    float64     `json:"source_fps"`
	Plan   *frame.Plan `json:"plan"` // nil while nothing is made of it
}

// RenditionStatus is one rendition that is being made.
type RenditionStatus struct {
	Width     int     `json:"width"`
	Height    int     `json:"height"`
	FPS       float64 `json:"fps"` // the limit; 0 is the camera's own rate
	Keyframes bool    `json:"keyframes"`
	Quality   int     `json:"quality"` // 0 is the camera's own JPEGs
	Rotate    int     `json:"rotate"`
	Stream    string  `json:"stream"` // that it is made of; empty while it is not
	Viewers   int     `json:"viewers"`
	Frames    uint64  `json:"frames"`
	FPSNow    float64 `json:"fps_now"`
	Bytes     uint64  `json:"bytes"` // of all pictures so far
}

func (c *camera) status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	sends := c.sends()
	s := Status{
		ID: c.conf.ID, Name: c.conf.Name, State: c.state, Since: c.since,
		Codec: sends.Codec, Width: sends.Width, Height: sends.Height,
		Renditions: make([]RenditionStatus, 0, len(c.renditions)), Falls: []frame.Fall{},
		Tried: true,
	}
	err := c.failure(frame.Rendition{})
	if err == nil && nearness[c.state] == nearness[Lost] {
		err = c.main().failure()
	}
	if err != nil {
		s.Error, s.Reason = err.Error(), frame.ReasonOf(err)
	}
	for _, stream := range c.streams {
		s.add(stream)
	}
	for _, r := range c.renditions {
		s.Viewers += r.viewers
		made := RenditionStatus{
			Width: r.want.Width, Height: r.want.Height, FPS: r.want.FPS, Keyframes: r.want.Keyframes,
			Quality: r.want.Quality, Rotate: r.want.Turn, Viewers: r.viewers,
			Frames: r.slot.Frames(), FPSNow: r.slot.FPS(), Bytes: r.slot.Bytes(),
		}
		if r.by != nil {
			made.Stream = r.by.name
		}
		s.Renditions = append(s.Renditions, made)
	}
	return s
}

// add tells a stream as a part of its camera's status. The camera's mutex is held.
func (s *Status) add(from *stream) {
	c := from.camera
	now := StreamStatus{
		Name: from.name, State: from.state, Since: from.since,
		Codec: from.format.Codec, Width: from.format.Width, Height: from.format.Height, FPS: from.format.FPS,
	}
	if c.conf.Disabled {
		now.State = Disabled
	}
	if fps := from.feed.Stream().FPS; fps > 0 {
		now.FPS = fps
	}
	if err := from.failure(); err != nil {
		now.Error = err.Error()
	}
	if from.shown != nil {
		plan := from.shown.picture.Plan()
		now.Plan = &plan
		if s.Plan == nil {
			s.Plan = &plan
		}
	}
	if s.SourceFPS == 0 {
		s.SourceFPS = now.FPS
	}
	if at := from.feed.LastUnit(); at.After(from.lastFrame) {
		from.lastFrame = at
	}
	if at := from.lastFrame; !at.IsZero() && (s.LastFrameAt == nil || at.After(*s.LastFrameAt)) {
		s.LastFrameAt = &at
	}
	s.Reconnects += from.reconnects
	s.Broken += from.feed.Broken()
	for _, f := range from.feed.Falls() {
		s.addFall(f)
	}
	s.Tried = s.Tried && (from.tried || c.conf.Disabled || c.conf.Connect == configs.OnDemand)
	s.Streams = append(s.Streams, now)
}

// addFall adds a plan's failures to those of the camera's other streams.
func (s *Status) addFall(f frame.Fall) {
	i := slices.IndexFunc(s.Falls, func(o frame.Fall) bool { return o.Plan == f.Plan && o.Codec == f.Codec })
	if i < 0 {
		s.Falls = append(s.Falls, f)
		return
	}
	f.Times += s.Falls[i].Times
	if f.At.After(s.Falls[i].At) {
		s.Falls[i] = f
	}
	s.Falls[i].Times = f.Times
}
