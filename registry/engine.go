package registry

import (
	"context"
	"time"

	"framegate/configs"
	"framegate/pipeline/frame"
)

// Engine makes the connections to cameras.
type Engine interface {
	NewFeed(configs.Source) (Feed, error)
}

// Feed is a camera's connection.
type Feed interface {
	// Run connects and reads until the connection ends or ctx is done, and says why. It calls onStream
	// when the camera begins to send and whenever it sends something else; onStream does not block.
	Run(ctx context.Context, onStream func(frame.Stream)) error
	// Stream is what the camera sends, zero while it is not connected.
	Stream() frame.Stream
	// Broken is the number of units that were dropped because nothing can be made of them.
	Broken() uint64
	// Plan names what pictures of it are best made by now, and PlanChange gives a channel that is closed when that may
	// be another one. Falls tells which plans have failed.
	Plan() string
	PlanChange() <-chan struct{}
	Falls() []frame.Fall
	// LastUnit is when the camera last sent something, in this connection or the last.
	LastUnit() time.Time
	// NewPicture returns a picture that is made from the feed. It has at least one output and is not running yet.
	NewPicture(outputs []frame.Output) Picture
}

// Picture decodes a feed and fills slots.
type Picture interface {
	// Run makes frames until ctx is done or it fails, and says why: with a frame.PlanError where another picture
	// would work at once.
	Run(ctx context.Context) error
	// CaughtUp is closed when every output is as new as the camera.
	CaughtUp() <-chan struct{}
	Plan() frame.Plan
}
