package camtest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
)

// Source returns the source of a URL, with the timeouts of tests.
func Source(tb testing.TB, url string) configs.Source {
	tb.Helper()
	src, err := configs.ParseSource(url)
	if err != nil {
		tb.Fatal(err)
	}
	src.ConnectTimeout, src.StallTimeout = 10*time.Second, Patience // so that no connection ends because the machine is busy
	return src
}

// runner is a feed of package feed, or one of package pipeline.
type runner interface {
	Run(ctx context.Context, onStream func(frame.Stream)) error
}

// Running is a feed that runs for the time of a test.
type Running[F runner] struct {
	Feed    F
	streams chan frame.Stream
	done    chan struct{}
	err     error // valid when done is closed
	cancel  context.CancelFunc
}

// Run runs a feed until the test ends or Stop is called.
func Run[F runner](tb testing.TB, feed F) *Running[F] {
	ctx, cancel := context.WithCancel(context.Background())
	r := &Running[F]{Feed: feed, streams: make(chan frame.Stream, 100), done: make(chan struct{}), cancel: cancel}
	go func() {
		r.err = feed.Run(ctx, func(s frame.Stream) {
			select {
			case r.streams <- s:
			default: // the test looks at none of them any more
			}
		})
		close(r.done)
	}()
	tb.Cleanup(func() { r.Stop() })
	return r
}

// Stream waits until the feed reports what the camera sends, which it does at the first access unit and at every change. Each call
// returns the next report.
func (r *Running[F]) Stream(tb testing.TB) frame.Stream {
	tb.Helper()
	select {
	case s := <-r.streams:
		return s
	case <-r.done:
		tb.Fatalf("the feed ended: %v", r.err)
	case <-time.After(Patience):
		tb.Fatal("the camera sends nothing")
	}
	return frame.Stream{}
}

// End waits until the feed ends by itself and returns the reason.
func (r *Running[F]) End(tb testing.TB) error {
	tb.Helper()
	select {
	case <-r.done:
	case <-time.After(Patience):
		tb.Fatal("the connection does not end")
	}
	return r.err
}

// Stop ends the feed and returns the reason why it ended.
func (r *Running[F]) Stop() error {
	r.cancel()
	<-r.done
	return r.err
}

// Fails waits until the feed ends by itself, and checks that its error has the given reason and contains part. The error must not
// show the password hunter2.
func (r *Running[F]) Fails(tb testing.TB, reason frame.Reason, part string) {
	tb.Helper()
	err := r.End(tb)
	if frame.ReasonOf(err) != reason || !strings.Contains(err.Error(), part) {
		tb.Errorf("got %q (%s)\nwant %q (%s)", err, frame.ReasonOf(err), part, reason)
	}
	if strings.Contains(err.Error(), "hunter2") {
		tb.Errorf("the error shows the password: %v", err)
	}
}
