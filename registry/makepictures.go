package registry

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry/retry"
)

// makePictures makes the renditions that are watched and for which the camera chooses this stream. When the camera chooses
// another stream for a rendition, this one makes it until the other one shows it.
func (s *stream) makePictures(ctx context.Context) {
	var watching sync.WaitGroup
	defer watching.Wait()
	watching.Go(func() { s.watchPlans(ctx) })
	p := &producer{stream: s, consumer: s, faults: retry.Log{Logger: s.log, Message: "Picture failed"}}
	p.run(ctx)
}

// watchPlans counts the changes of the feed's best plan.
func (s *stream) watchPlans(ctx context.Context) {
	next := s.feed.PlanChange()
	for {
		select {
		case <-next:
			next = s.feed.PlanChange() // before anybody is woken to ask for the plan, so that no change is missed
			s.camera.change(func() { s.planChanges++ })
		case <-ctx.Done():
			return
		}
	}
}

// wanted describes the Picture of all renditions that the stream is to make. The camera's mutex is held.
func (s *stream) wanted(plan string) *pictureSpec {
	spec := &pictureSpec{connection: s.connection, plan: plan}
	for _, r := range s.camera.renditions {
		if s.camera.choose(r.spec) == s || r.stream == s {
			spec.outputs = append(spec.outputs, frame.Output{Rendition: r.spec, Slot: r.slot})
		}
	}
	if !s.up || s.camera.suspension.why != nil || len(spec.outputs) == 0 {
		return nil
	}
	return spec
}

// outdated reports whether the Picture's connection has ended, the camera is suspended, or nobody watches any of its renditions. The
// camera's mutex is held.
func (s *stream) outdated(picture *pictureSpec) bool {
	return !s.up || s.camera.suspension.why != nil || s.connection != picture.connection || !slices.ContainsFunc(s.camera.renditions, picture.fills)
}

// show makes r the Picture that viewers see, nil for none.
func (s *stream) show(r *pictureRun) {
	if r != nil {
		s.log.Debug("Picture started", "renditions", len(r.outputs), "after", time.Since(r.began).Round(time.Millisecond))
		for _, text := range r.picture.Plan().Warnings {
			s.log.Warn(text)
		}
	}
	s.camera.change(func() {
		s.shown = r
		for _, rendition := range s.camera.renditions {
			if rendition.stream == s {
				rendition.stream = nil
			}
			if r.makes().fills(rendition) {
				rendition.stream = s
			}
		}
		switch {
		case s.up && r != nil:
			s.setState(Live)
		case s.up:
			s.setState(Ready)
		}
	})
}
