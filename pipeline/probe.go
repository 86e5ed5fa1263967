package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/plan"
)

// Report is what a probe found out about a camera.
type Report struct {
	Stream           frame.Stream
	KeyframeInterval time.Duration // 0 if no two keyframes arrived in time
	RefreshInterval  time.Duration // between two recovery points; 0 if no two arrived in time
	Plan             frame.Plan    // the plan that makes its pictures
	Connect          time.Duration // from the start to the first access unit
	Picture          time.Duration // from the start of a picture to its first JPEG
	Frame            *frame.Frame  // that JPEG; nil if there was none
	Oddities         []string      // what is odd about what the camera sends, see feed.Feed.Oddities; also set where there is an error
}

// keyframePatience is how long a probe waits for a keyframe. Cameras are known that send one a minute.
const keyframePatience = 90 * time.Second

// Probe connects to a source once and makes a picture of it. It watches the stream until the second keyframe has arrived and
// the rate is known, or for the time of look at most. It calls waits if the camera is connected and gives no picture for some
// seconds. The error says why there is no picture.
func Probe(ctx context.Context, machine *plan.Machine, src configs.Source, look time.Duration, waits func(frame.Waiting)) (report Report, err error) {
	feed, err := NewFeed(machine, src)
	if err != nil {
		return report, err
	}
	defer func() { report.Oddities = feed.Oddities() }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := time.Now()
	connected := make(chan struct{}, 1)
	gone := make(chan error, 1)
	waited := make(chan error, 1)
	feed.OnWaiting(func(w frame.Waiting) {
		waits(w)
		time.AfterFunc(time.Until(w.Since.Add(keyframePatience)), func() {
			select {
			case waited <- w.Err:
			default:
			}
		})
	})
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
	case err := <-waited:
		cancel()
		<-gone
		return report, err
	}
	if err = report.tryPicture(ctx, feed); err == nil {
		report.watch(ctx, feed, look)
	}
	report.Stream, report.KeyframeInterval, report.RefreshInterval = feed.Stream(), feed.KeyframeInterval(), feed.Rate().RefreshInterval()
	cancel()
	<-gone
	return report, err
}

// pictureTimeout is how long a camera that is connected may take for its first picture. The refresh of a camera that sends no
// keyframes may take some seconds.
const pictureTimeout = 10 * time.Second

// tryPicture makes one picture.
func (r *Report) tryPicture(ctx context.Context, feed *Feed) error {
	ctx, cancel := context.WithTimeoutCause(ctx, pictureTimeout, fmt.Errorf("the camera is connected, but no picture arrived within %v", pictureTimeout))
	defer cancel()
	began := time.Now()
	slot := &frame.Slot{}
	for {
		rendition := frame.Request{Quality: frame.DefaultQuality}.Resolve(feed.Stream())
		picture := feed.NewPicture([]frame.Output{{Rendition: rendition, Slot: slot}})
		running, stop := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() {
			done <- picture.Run(running)
			stop()
		}()
		shown, err := slot.After(running, nil)
		if err == nil {
			r.Picture, r.Frame = time.Since(began), shown
			select {
			case <-picture.CaughtUp():
			case <-running.Done():
			}
			r.Plan = picture.Plan()
		}
		stop()
		ended := <-done
		var failed *frame.PlanError
		again := errors.As(ended, &failed) || errors.Is(ended, frame.ErrFormatChanged) && ctx.Err() == nil
		if err == nil || !again { // else the next plan takes over, or the same one at another size
			if err != nil {
				err = cmp.Or(context.Cause(ctx), ended)
			}
			return err
		}
	}
}

// watch waits until the rate and the keyframe interval are known.
func (r *Report) watch(ctx context.Context, feed *Feed, look time.Duration) {
	deadline := time.After(look)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for feed.KeyframeInterval() == 0 && feed.Rate().RefreshInterval() == 0 || feed.Rate().PerSecond() == 0 {
		select {
		case <-tick.C:
		case <-deadline:
			return
		case <-ctx.Done():
			return
		}
	}
}
