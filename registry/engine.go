package registry

import (
	"context"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/challenge"
	"github.com/framegate/framegate/pipeline/frame"
)

// Engine makes feeds.
type Engine interface {
	// NewFeed returns the feed of a source. The feeds of a camera share accounts, which keeps them from sending it a wrong password
	// more often than one of them would.
	NewFeed(src configs.Source, accounts *challenge.Accounts) (Feed, error)
}

// Feed is a connection to a camera. All methods but Run may be called from any goroutine.
type Feed interface {
	// Run connects and reads until the connection ends or ctx is done, and returns why. It calls onStream when the camera
	// begins to send and whenever what it sends changes. onStream does not block.
	Run(ctx context.Context, onStream func(frame.Stream)) error
	// OnWaiting sets a function that is called if the connected camera gives no picture for some seconds. After it either
	// onStream is called or Run ends. It does not block. OnWaiting is called before Run.
	OnWaiting(func(frame.Waiting))
	// Stream is what the camera sends, zero while it is not connected.
	Stream() frame.Stream
	// Broken is the number of units that were dropped because they cannot be decoded.
	Broken() uint64
	// Plan is the key of the best plan for pictures of the feed, which says whether it has changed.
	Plan() string
	// PlanChange returns a channel that is closed when Plan may return another key for the same codec.
	PlanChange() <-chan struct{}
	// FailedPlans lists the plans that have failed.
	FailedPlans() []frame.FailedPlan
	// LastUnit is when the last unit arrived since Run was last called, zero if none did.
	LastUnit() time.Time
	// HeldBytes is about how much memory the feed and its Pictures take, in bytes.
	HeldBytes() int64
	// Free frees what is buffered of the camera.
	Free()
	// NewPicture returns a Picture of the feed with the given outputs, of which there is at least one.
	NewPicture(outputs []frame.Output) Picture
}

// Picture decodes a feed and fills slots.
type Picture interface {
	// Run makes frames until ctx is done or the Picture fails, and returns why. It is called once. The error is a
	// frame.PlanError if another Picture would work immediately.
	Run(ctx context.Context) error
	// CaughtUp returns a channel that is closed when every output is as new as the camera.
	CaughtUp() <-chan struct{}
	// Plan describes how the Picture is made.
	Plan() frame.Plan
}
