package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"framegate/configs"
	"framegate/pipeline/frame"
)

// Report is what a probe found out about a camera.
type Report struct {
	Stream           frame.Stream
	KeyframeInterval time.Duration // 0 where no two keyframes came in time
	Plan             frame.Plan    // that pictures of it are made with
	Connect          time.Duration // from the start to the first access unit
	Picture          time.Duration // from the start of a picture to its first JPEG
}

// Probe connects to a source once and makes a picture of it. It looks at the stream until the second
// keyframe has come and the rate is known, or for 'look' at most. The error says why there is no picture.
func Probe(ctx context.Context, machine *Machine, src configs.Source, look time.Duration) (Report, error) {
	var report Report
	feed, err := machine.NewFeed(src)
	if err != nil {
		return report, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := time.Now()
	connected := make(chan struct{}, 1)
	gone := make(chan error, 1)
	go func() {
		gone <- feed.Run(ctx, func(frame.Stream) {
			select {
			case connected <- struct{}{}:
			default:
			}
		})
	}()
	select {
	case <-connected:
		report.Connect = time.Since(began)
	case err := <-gone:
		return report, err
	}
	if err = report.tryPicture(ctx, feed); err == nil {
		report.watch(ctx, feed, look)
	}
	report.Stream, report.KeyframeInterval = feed.Stream(), feed.KeyframeInterval()
	cancel()
	<-gone
	return report, err
}

// tryPicture makes one picture.
func (r *Report) tryPicture(ctx context.Context, feed *Feed) error {
	ctx, cancel := context.WithTimeoutCause(ctx, proofTimeout, fmt.Errorf("the camera is connected, but no picture came within %v", proofTimeout))
	defer cancel()
	began := time.Now()
	slot := &frame.Slot{}
	outputs := []frame.Output{{Rendition: frame.Ask{Quality: 80}.Resolve(feed.Stream()), Slot: slot}}
	for {
		picture := NewPicture(feed, outputs)
		running, stop := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() {
			done <- picture.Run(running)
			stop()
		}()
		_, err := slot.After(running, nil)
		if err == nil {
			r.Picture = time.Since(began)
			select {
			case <-picture.CaughtUp():
			case <-running.Done():
			}
			r.Plan = picture.Plan()
		}
		stop()
		ended := <-done
		var plan *frame.PlanError
		if err == nil || !errors.As(ended, &plan) { // else the next plan takes over
			if err != nil {
				err = cmp.Or(context.Cause(ctx), ended)
			}
			return err
		}
	}
}

// watch waits until rate and keyframe interval are known.
func (r *Report) watch(ctx context.Context, feed *Feed, look time.Duration) {
	deadline := time.After(look)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for feed.KeyframeInterval() == 0 || feed.rate.PerSecond() == 0 {
		select {
		case <-tick.C:
		case <-deadline:
			return
		case <-ctx.Done():
			return
		}
	}
}
