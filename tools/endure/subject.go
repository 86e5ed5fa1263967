package main

import (
	"image"
	"slices"
	"time"
)

// subject is a camera.
type subject struct {
	name   string
	number int       // in the mark of its pictures
	fault  *fault    // nil while it works
	began  time.Time // the fault
	ended  time.Time // the fault, zero while it lasts; from then on pictures may take backTime to come
	works  time.Time // since when it works, where there is no fault, and no picture of it may be late
	shown  bool      // the state that the fault must show was told since
	misled bool      // a wrong state was told since, of which one violation is enough
	blurs  []span    // when it sent broken data, of which a slow viewer may read later
}

// span is a time from one moment to another; to is zero while that has not come.
type span struct{ from, to time.Time }

// blurred tells whether what came in from the camera at a time may be broken.
func (s *subject) blurred(received time.Time) bool {
	return slices.ContainsFunc(s.blurs, func(b span) bool {
		return received.After(b.from) && (b.to.IsZero() || received.Before(b.to))
	})
}

// spectator is a viewer.
type spectator struct {
	subject *subject
	who     string
	size    image.Point // of its pictures, while the camera is as configured
	eager   bool        // it reads all that comes: when it waits, framegate makes it wait

	opened   time.Time
	some     time.Time // when the last part of any kind was read
	picture  time.Time // when the last picture of the camera was read
	received time.Time // X-Timestamp of the last part
	sent     time.Time // when the camera sent the last picture
	frame    int       // and its number
	told     bool      // that it waits too long, of which one violation a wait is enough
	late     bool      // the last picture was, of which one violation is enough until one is not
}

// seen is one part of a stream as a viewer saw it.
type seen struct {
	picture  []byte // valid until the viewer reads on
	read     time.Time
	received time.Time // X-Timestamp
	size     image.Point
	marked   bool
	camera   int // of the mark, as is frame
	frame    int
	broken   error // why it is no picture
}
