package registry

import (
	"cmp"
	"slices"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
)

// Status describes a camera, as the API reports it.
type Status struct {
	ID          string             `json:"id"`
	Name        string             `json:"name"`
	State       State              `json:"state"`
	Since       time.Time          `json:"since"` // of the state
	Error       string             `json:"error"` // why there is no picture; empty if there is one
	Reason      frame.Reason       `json:"reason,omitempty"`
	Codec       string             `json:"codec"`
	Width       int                `json:"width"` // at which pictures are shown
	Height      int                `json:"height"`
	PixelAspect string             `json:"pixel_aspect"` // such as 16:11; empty if pixels are square
	HDR         frame.HDR          `json:"hdr"`          // pq or hlg; empty if it is none
	SourceFPS   float64            `json:"source_fps"`
	Plan        *frame.Plan        `json:"plan"` // nil while nothing is decoded
	Renditions  []RenditionStatus  `json:"renditions"`
	Viewers     int                `json:"viewers"`
	LastFrameAt *time.Time         `json:"last_frame_at"` // when the newest picture arrived from the camera
	Reconnects  int                `json:"reconnects"`
	Broken      uint64             `json:"broken_units"` // dropped, because they cannot be decoded
	Streams     []StreamStatus     `json:"streams"`
	FailedPlans []frame.FailedPlan `json:"plans_failed"` // with the time of the next attempt
	HeldBytes   int64              `json:"held_bytes"`   // memory that the camera takes, about
	Suspensions int                `json:"suspensions"`  // how often it took too much
	// Tried reports whether each stream has connected or failed at least once. It is true for a camera that is disabled or
	// is connected on demand, since nothing tries those before somebody watches. framegate is ready when it is true for all.
	Tried bool `json:"-"`
}

// StreamStatus is one stream of a camera.
type StreamStatus struct {
	Name        string      `json:"name"` // main or sub
	State       State       `json:"state"`
	Since       time.Time   `json:"since"`
	Error       string      `json:"error"`
	Codec       string      `json:"codec"`
	Width       int         `json:"width"`
	Height      int         `json:"height"`
	PixelAspect string      `json:"pixel_aspect"`
	HDR         frame.HDR   `json:"hdr"`
	FPS         float64     `json:"source_fps"`
	Plan        *frame.Plan `json:"plan"` // nil while it is not decoded
}

// RenditionStatus is one rendition that is being made.
type RenditionStatus struct {
	Width     int       `json:"width"`
	Height    int       `json:"height"`
	FPS       float64   `json:"fps"` // the limit; 0 is the camera's own rate
	Keyframes bool      `json:"keyframes"`
	Quality   int       `json:"quality"` // 0 is the camera's own JPEGs
	Rotate    int       `json:"rotate"`
	Crop      []float64 `json:"crop"`   // x, y, width and height of the part of the picture after it is rotated; nil for all of it
	Format    string    `json:"format"` // jpeg, or that of bare pixels
	Stream    string    `json:"stream"` // from which it is made; empty while it is not
	Viewers   int       `json:"viewers"`
	Frames    uint64    `json:"frames"`
	FPSNow    float64   `json:"fps_now"`
	Bytes     uint64    `json:"bytes"` // of all pictures so far
}

// State is the state of a camera or of one of its streams.
type State string

// The states of a camera.
const (
	Idle         State = "idle"         // not connected, because nobody watches
	Connecting   State = "connecting"   // before the first access unit
	Waiting      State = "waiting"      // connected, but nothing can be shown before the first picture or the next keyframe
	Ready        State = "ready"        // connected, nobody watches
	Live         State = "live"         // connected and decoding
	Stalled      State = "stalled"      // connected, but nothing arrives any more
	Unauthorized State = "unauthorized" // the camera refuses the user or the password
	Suspended    State = "suspended"    // framegate has reached max_memory, and leaves the camera alone for some minutes
	Lost         State = "lost"         // not connected, for any other reason
	Disabled     State = "disabled"     // by the configuration
)

// status describes the camera. It asks feeds, pictures and slots without the camera's mutex, and the feeds first: what a
// feed has forgotten by then is already in the camera's fields.
func (c *camera) status() Status {
	feeds := make([]feedStatus, len(c.streams))
	for i, s := range c.streams {
		feeds[i] = statusOfFeed(s.feed)
	}
	before := c.inherited()
	var s Status
	var lastFrames []time.Time // by stream, as are the pictures
	var pictures []*pictureRun
	var slots []*frame.Slot // by rendition
	c.read(func() {
		s = c.ownStatus()
		for _, stream := range c.streams {
			s.Streams = append(s.Streams, stream.status())
			s.Reconnects += stream.reconnects
			s.Tried = s.Tried && (stream.tried || c.conf.Disabled || c.conf.Connect == configs.OnDemand)
			lastFrames = append(lastFrames, stream.lastFrame)
			pictures = append(pictures, stream.shown)
		}
		for _, r := range c.renditions {
			s.Viewers += r.viewers
			s.Renditions = append(s.Renditions, r.status())
			slots = append(slots, r.slot)
		}
	})
	s.addTotals(before)
	for i, feed := range feeds {
		s.addFeed(i, feed)
		s.addLastFrame(lastFrames[i])
		s.addLastFrame(feed.lastUnit)
		if pictures[i] != nil {
			s.addPlan(i, pictures[i].picture.Plan())
		}
	}
	for i, slot := range slots {
		r := &s.Renditions[i]
		r.Frames, r.FPSNow, r.Bytes = slot.Frames(), slot.FPS(), slot.Bytes()
	}
	return s
}

// ownStatus is what the camera knows without its streams and renditions. c.mu is held.
func (c *camera) ownStatus() Status {
	sends := c.sends()
	s := Status{
		ID: c.conf.ID, Name: c.conf.Name, State: c.state, Since: c.since, Suspensions: c.suspension.count,
		Codec:      sends.Codec,
		Renditions: make([]RenditionStatus, 0, len(c.renditions)), FailedPlans: []frame.FailedPlan{},
		Tried: true,
	}
	s.Width, s.Height = sends.DisplaySize()
	s.PixelAspect, s.HDR = pixelAspect(sends), sends.HDR
	err := c.failure(frame.Rendition{})
	if err == nil && rank[c.state] == rank[Lost] {
		err = c.main().failure()
	}
	if err != nil {
		s.Error, s.Reason = err.Error(), frame.ReasonOf(err)
	}
	return s
}

// status is what the stream knows without its feed. The camera's mutex is held.
func (s *stream) status() StreamStatus {
	status := StreamStatus{
		Name: s.name, State: s.state, Since: s.since,
		Codec: s.format.Codec, FPS: s.format.FPS, PixelAspect: pixelAspect(s.format), HDR: s.format.HDR,
	}
	status.Width, status.Height = s.format.DisplaySize()
	if s.camera.conf.Disabled {
		status.State = Disabled
	}
	if err := s.failure(); err != nil {
		status.Error = err.Error()
	}
	return status
}

// pixelAspect is the shape of a stream's pixels, empty if they are square.
func pixelAspect(s frame.Stream) string {
	if s.SquarePixels() {
		return ""
	}
	return s.PixelAspect.String()
}

// status is what the rendition knows without its slot. The camera's mutex is held.
func (r *rendition) status() RenditionStatus {
	status := RenditionStatus{
		Width: r.spec.Width, Height: r.spec.Height, FPS: r.spec.FPS, Keyframes: r.spec.Keyframes,
		Quality: r.spec.Quality, Rotate: r.spec.Rotate, Crop: r.spec.Crop.Numbers(), Viewers: r.viewers,
		Format: cmp.Or(string(r.spec.Format), "jpeg"),
	}
	if r.stream != nil {
		status.Stream = r.stream.name
	}
	return status
}

// feedStatus is what a feed reports.
type feedStatus struct {
	fps         float64
	lastUnit    time.Time
	broken      uint64
	failedPlans []frame.FailedPlan
	held        int64
}

func statusOfFeed(f Feed) feedStatus {
	return feedStatus{fps: f.Stream().FPS, lastUnit: f.LastUnit(), broken: f.Broken(), failedPlans: f.FailedPlans(), held: f.HeldBytes()}
}

// addFeed adds what the feed of the ith stream reports.
func (s *Status) addFeed(i int, feed feedStatus) {
	if feed.fps > 0 {
		s.Streams[i].FPS = feed.fps
	}
	if s.SourceFPS == 0 {
		s.SourceFPS = s.Streams[i].FPS
	}
	s.Broken += feed.broken
	s.HeldBytes += feed.held
	for _, f := range feed.failedPlans {
		s.addFailedPlan(f)
	}
}

// addLastFrame adds when a stream last sent something, zero for never.
func (s *Status) addLastFrame(at time.Time) {
	if !at.IsZero() && (s.LastFrameAt == nil || at.After(*s.LastFrameAt)) {
		s.LastFrameAt = &at
	}
}

// addPlan adds the plan that makes the pictures of the ith stream.
func (s *Status) addPlan(i int, plan frame.Plan) {
	s.Streams[i].Plan = &plan
	if s.Plan == nil {
		s.Plan = &plan
	}
}

// addFailedPlan adds the failures of a plan, which another stream of the camera may have had too.
func (s *Status) addFailedPlan(f frame.FailedPlan) {
	i := slices.IndexFunc(s.FailedPlans, func(o frame.FailedPlan) bool { return o.Plan == f.Plan && o.Codec == f.Codec })
	if i < 0 {
		s.FailedPlans = append(s.FailedPlans, f)
		return
	}
	f.Times += s.FailedPlans[i].Times
	if f.At.After(s.FailedPlans[i].At) {
		s.FailedPlans[i] = f
	}
	s.FailedPlans[i].Times = f.Times
}

// totals are what a Status counts since framegate started. A camera whose configuration changes is replaced by another one, which
// goes on counting where the previous one ends, because a counter of Prometheus must not fall.
type totals struct {
	reconnects  int
	broken      uint64
	suspensions int
	failedPlans []frame.FailedPlan // those of cameras that have been replaced, so none is suspended now
}

// inherited are the totals of the cameras that c has replaced, which may still be counting.
func (c *camera) inherited() (t totals) {
	var previous *camera
	c.read(func() { t, previous = c.before, c.previous })
	if previous != nil {
		return previous.totals()
	}
	return t
}

// inherit keeps the totals of the camera that c has replaced, which has ended.
func (c *camera) inherit() {
	t := c.inherited()
	c.change(func() { c.before, c.previous = t, nil })
}

// totals are the totals of c and of the cameras that it has replaced. What a feed counts belongs to the camera that has it now.
func (c *camera) totals() totals {
	var s Status
	s.addTotals(c.inherited())
	c.read(func() {
		s.Suspensions += c.suspension.count
		for _, stream := range c.streams {
			s.Reconnects += stream.reconnects
		}
	})
	for _, stream := range c.streams {
		if stream.feed.has(stream) {
			s.Broken += stream.feed.Broken()
			for _, f := range stream.feed.FailedPlans() {
				s.addFailedPlan(f)
			}
		}
	}
	t := totals{s.Reconnects, s.Broken, s.Suspensions, s.FailedPlans}
	for i := range t.failedPlans {
		t.failedPlans[i].Until = nil
	}
	return t
}

// addTotals adds what cameras counted that this one has replaced.
func (s *Status) addTotals(t totals) {
	s.Reconnects += t.reconnects
	s.Broken += t.broken
	s.Suspensions += t.suspensions
	for _, f := range t.failedPlans {
		s.addFailedPlan(f)
	}
}
