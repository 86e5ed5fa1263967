package registry

import (
	"context"
	"slices"
	"sync"
	"time"

	"framegate/pipeline/frame"
)

// makePictures makes the renditions that are watched and that this stream suits best, as they come and go. When another
// stream suits a rendition better, this one makes it until the other one shows it.
func (s *stream) makePictures(ctx context.Context) {
	var watching sync.WaitGroup
	defer watching.Wait()
	watching.Go(func() { s.watchPlans(ctx) })
	p := &producer{stream: s, consumer: s, repeats: repeats{}}
	p.run(ctx)
}

// watchPlans counts the changes of the plan that pictures are best made by.
func (s *stream) watchPlans(ctx context.Context) {
	next := s.feed.PlanChange()
	for {
		select {
		case <-next:
			next = s.feed.PlanChange() // before the plan is looked at, so that no change is missed
			s.camera.change(func() { s.planChanges++ })
		case <-ctx.Done():
			return
		}
	}
}

// wanted describes the picture of the renditions that are to be made of this stream: those that it suits best, and those
// that it makes until another stream shows them. c.mu is held.
func (s *stream) wanted(plan string) *spec {
	want := &spec{connection: s.connection, plan: plan}
	for _, r := range s.camera.renditions {
		if s.camera.choose(r.want) == s || r.by == s {
			want.outputs = append(want.outputs, frame.Output{Rendition: r.want, Slot: r.slot})
		}
	}
	if !s.up || len(want.outputs) == 0 {
		return nil
	}
	return want
}

// outdated reports whether the stream's connection is another one than the picture's, or nobody watches any of its
// renditions. c.mu is held.
func (s *stream) outdated(picture *spec) bool {
	return !s.up || s.connection != picture.connection || !slices.ContainsFunc(s.camera.renditions, picture.fills)
}

// show makes r the picture that viewers see, nil for none.
func (s *stream) show(r *pictureRun) {
	if r != nil {
		s.log.Debug("picture begun", "renditions", len(r.outputs), "after", time.Since(r.began).Round(time.Millisecond))
		for _, text := range r.picture.Plan().Warnings {
			s.log.Warn(text)
		}
	}
	s.camera.change(func() {
		s.shown = r
		for _, rendition := range s.camera.renditions {
			if rendition.by == s {
				rendition.by = nil
			}
			if r.makes().fills(rendition) {
				rendition.by = s
			}
		}
		switch {
		case s.up && r != nil:
			s.enter(Live)
		case s.up:
			s.enter(Ready)
		}
	})
}
