package check

import (
	"slices"
	"time"
)

// camera is what the checker knows of a camera. The checker's mutex guards it.
type camera struct {
	name       string
	number     int       // in the mark of its pictures
	fault      *Fault    // nil while it works
	began      time.Time // when the fault began
	ended      time.Time // when the fault ended, zero while it lasts; after that pictures may take BackTime to come
	works      time.Time // without a fault: since when it works and its pictures must not be late
	stateShown bool      // since the fault began, the state that it must show was reported
	wrongState bool      // a wrong state was reported since: one violation is enough
	damaged    []span    // when it sent damaged data, which a slow viewer may read later
}

// span is a time from one moment to another. to is zero while that has not come.
type span struct{ from, to time.Time }

// damagedAt reports whether what was received from the camera at a time may be damaged.
func (c *camera) damagedAt(received time.Time) bool {
	return slices.ContainsFunc(c.damaged, func(s span) bool {
		return received.After(s.from) && (s.to.IsZero() || received.Before(s.to))
	})
}
