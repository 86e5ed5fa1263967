package pipeline

import (
	"sync/atomic"
	"testing"

	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/picture"
	"github.com/framegate/framegate/pipeline/plan"
	"github.com/framegate/framegate/pipeline/unit"
)

func TestPictureWhoseDecoderTakesMoreMemoryThanIsLeftDoesNotBegin(t *testing.T) {
	var limit atomic.Int64
	limit.Store(1 << 16) // less than a decoder of the camera takes
	m := &plan.Machine{Memory: func(int64) (int64, int64) { return limit.Load(), 0 }}
	server := camtest.Start(t, tiny)
	feed := runFeedOf(t, m, camtest.Source(t, server.URL("cam1")))
	feed.Stream(t)
	made := feed.Feed.NewPicture([]frame.Output{{Rendition: frame.Rendition{Width: 64, Height: 36, Quality: 80}, Slot: &frame.Slot{}}})
	if err := made.Run(t.Context()); frame.ReasonOf(err) != frame.Memory || made.Sent() > 0 {
		t.Errorf("%d units were decoded, and then %v", made.Sent(), err)
	}
	limit.Store(1 << 30)
	settled(t, feed)
}

// TestPictureEndsWhenItsCameraClaimsMoreMemoryThanIsLeft while it is being made.
func TestPictureEndsWhenItsCameraClaimsMoreMemoryThanIsLeft(t *testing.T) {
	m := &plan.Machine{Memory: func(int64) (int64, int64) { return 1 << 30, 0 }}
	server := camtest.Start(t, tiny)
	feed := runFeedOf(t, m, camtest.Source(t, server.URL("cam1")))
	feed.Stream(t)
	var claimed atomic.Int64
	f := feed.Feed
	made := picture.New(picture.Input{
		Source: f.Source(), Units: f.Units(), Rate: f.Rate(), Plans: f.plans, Demand: f.demand,
		Decoder: func(*unit.Format) int64 { return claimed.Load() },
	}, []frame.Output{{Rendition: frame.Rendition{Width: 64, Height: 36, Quality: 80}, Slot: &frame.Slot{}}})
	ended := make(chan error)
	go func() { ended <- made.Run(t.Context()) }()
	select {
	case <-made.CaughtUp():
		claimed.Store(2 << 30)
		if err := <-ended; frame.ReasonOf(err) != frame.Memory {
			t.Error(err)
		}
	case err := <-ended:
		t.Errorf("it ended at once: %v", err)
	}
}
