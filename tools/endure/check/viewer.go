package check

import (
	"image"
	"slices"
	"time"

	"github.com/framegate/framegate/internal/testcam"
)

// Viewer is a viewer of a stream. The checker's mutex guards it.
type Viewer struct {
	camera *camera
	who    string
	size   image.Point
	eager  bool // as in Visit

	opened   time.Time
	part     time.Time // when the last part of any kind was read
	picture  time.Time // when the last picture of the camera was read
	received time.Time // X-Timestamp of the last part
	sent     time.Time // when the camera sent the last picture
	frame    int       // number of the last picture
	reported bool      // that it waits too long: one violation for each wait is enough
	late     bool      // the last picture was: one violation is enough until a picture is not late
}

// Part is one part of a stream as a viewer read it.
type Part struct {
	Picture  []byte // valid until the viewer reads the next part
	Read     time.Time
	Received time.Time // X-Timestamp
	Size     image.Point
	Marked   bool
	Camera   int   // in the mark
	Frame    int   // in the mark
	Broken   error // why it is not a picture
}

// Visit describes a viewer that requests a stream.
type Visit struct {
	Camera string
	Who    string      // the viewer, in reports
	Size   image.Point // of its pictures, while the camera is as configured
	Eager  bool        // it reads all that comes: when it waits, framegate makes it wait
	Opened time.Time
}

// AddViewer records that a viewer requests a stream.
func (c *Checker) AddViewer(visit Visit) *Viewer {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := &Viewer{camera: c.cameras[visit.Camera], who: visit.Who, size: visit.Size, eager: visit.Eager, opened: visit.Opened}
	c.viewers[v] = struct{}{}
	return v
}

// ViewerLeft records that a viewer has left by itself.
func (c *Checker) ViewerLeft(v *Viewer, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(v, at)
}

// ViewerRefused records that a viewer got an error instead of a stream. unavailable says that it is the error for a camera that has
// no picture.
func (c *Checker) ViewerRefused(v *Viewer, unavailable bool, err error, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(v, at)
	c.tally.Refused++
	if !unavailable || v.camera.fault == nil && v.opened.After(v.camera.works) {
		c.report(v.camera.name, at, "%s is refused: %v", v.who, err)
	}
}

// ViewerCutOff records that a viewer's stream has ended, which is always a violation.
func (c *Checker) ViewerCutOff(v *Viewer, err error, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(v, at)
	c.report(v.camera.name, at, "%s is cut off after %v: %v", v.who, round(at.Sub(v.opened)), err)
}

func (c *Checker) remove(v *Viewer, at time.Time) {
	c.settle(v.camera, at)
	if v.eager {
		c.checkWait(v, at)
	}
	delete(c.viewers, v)
}

// CheckPart checks a part that a viewer has read.
func (c *Checker) CheckPart(v *Viewer, p Part) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle(v.camera, p.Read)
	if v.eager {
		c.checkWait(v, p.Read)
		v.reported = false
	}
	v.part = p.Read
	c.tally.Frames++
	if p.Broken != nil {
		c.reportPart(v, p, "reads something that is not a picture: %v", p.Broken)
		return
	}
	if !p.Received.After(v.received) {
		c.reportPart(v, p, "goes back in time: X-Timestamp %v before that of the last part", v.received.Sub(p.Received))
		return
	}
	v.received = p.Received
	if p.Marked {
		c.checkPicture(v, p)
	} else {
		c.checkUnmarked(v, p)
	}
}

// checkPicture checks a picture that shows its camera and its number.
func (c *Checker) checkPicture(v *Viewer, p Part) {
	cam := v.camera
	if p.Camera != cam.number {
		c.reportPart(v, p, "sees a picture of camera number %d", p.Camera)
		return
	}
	v.picture = p.Read
	works := cam.fault == nil && p.Received.After(cam.works)
	if works && p.Size != v.size {
		c.reportPart(v, p, "sees a picture of %v instead of %v", p.Size, v.size)
	}
	sent, ok := c.sent(cam.name, p.Frame, p.Received.Add(clockError))
	if !ok {
		if works {
			c.reportPart(v, p, "sees frame %d, which the camera sent only after the time in X-Timestamp", p.Frame)
		}
		return
	}
	// What a decoder makes of damaged data may show the mark of the frame before.
	if !cam.damagedAt(p.Received) {
		c.tally.Compared++
		late := works && v.eager && c.over(sent, maxWait, p.Read)
		switch {
		case !sent.After(v.sent):
			c.reportPart(v, p, "goes back in time: frame %d, sent %v before frame %d", p.Frame, round(v.sent.Sub(sent)), v.frame)
		case c.over(sent, maxWait, p.Received):
			c.reportPart(v, p, "sees frame %d with an X-Timestamp of %v after it was sent", p.Frame, round(p.Received.Sub(sent)))
		case late && !v.late:
			c.reportPart(v, p, "reads frame %d %v after it was sent", p.Frame, round(p.Read.Sub(sent)))
		}
		v.late = late
	}
	if cam.fault != nil && !cam.ended.IsZero() && v.eager && v.opened.Before(cam.ended) && !v.sent.After(cam.ended) && sent.After(cam.ended) {
		facts := c.tally.Faults[string(cam.fault.Command)]
		facts.Back = max(facts.Back, p.Read.Sub(cam.ended))
	}
	if sent.After(v.sent) {
		v.sent, v.frame = sent, p.Frame
	}
}

// clockError is how long a frame may seem to have been received before it was sent: X-Timestamp is cut to microseconds.
const clockError = time.Millisecond

// checkUnmarked checks a picture whose mark cannot be read.
func (c *Checker) checkUnmarked(v *Viewer, p Part) {
	cam := v.camera
	switch {
	case cam.damagedAt(p.Received):
		c.tally.Unreadable++
	case cam.fault == nil && p.Received.After(cam.works):
		c.reportPart(v, p, "sees a picture without a mark, though the camera works")
	default:
		c.tally.Placeholders++
		if cam.fault == nil {
			return // a slow viewer reads it after the fault is over
		}
		c.tally.Faults[string(cam.fault.Command)].Placeholders++
		if p.Size != v.size && cam.fault.Command != testcam.Resize {
			c.reportPart(v, p, "sees a placeholder of %v instead of %v", p.Size, v.size)
		}
	}
}

// reportPart records a violation that a picture shows.
func (c *Checker) reportPart(v *Viewer, p Part, format string, args ...any) {
	c.report(v.camera.name, p.Read, "%s "+format, append([]any{v.who}, args...)...)
	if len(c.evidence) < maxEvidence {
		c.evidence = append(c.evidence, Evidence{c.tally.Violations[len(c.tally.Violations)-1], slices.Clone(p.Picture)})
	}
}

// maxEvidence is how many pictures are kept.
const maxEvidence = 200

// checkWait reports an eager viewer that has waited too long.
func (c *Checker) checkWait(v *Viewer, now time.Time) {
	cam := v.camera
	if cam.fault == nil {
		since := latest(v.picture, v.opened, cam.works)
		waited := now.Sub(since)
		c.tally.LongestWait = max(c.tally.LongestWait, waited)
		if c.over(since, maxWait, now) && !v.reported {
			v.reported = true
			c.report(cam.name, now, "%s has waited %v for a picture, though the camera works", v.who, round(waited))
		}
		return
	}
	facts := c.tally.Faults[string(cam.fault.Command)]
	facts.Silence = max(facts.Silence, now.Sub(latest(v.part, v.opened, cam.began)))
	since := latest(v.part, v.opened)
	if c.over(since, maxWait, now) && c.over(cam.began, cam.fault.unseen, now) && !v.reported {
		v.reported = true
		c.report(cam.name, now, "%s has seen neither picture nor placeholder for %v", v.who, round(now.Sub(since)))
	}
}
