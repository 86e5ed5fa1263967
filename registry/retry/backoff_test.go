package retry

import (
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

func TestPausesGrowWithJitterAndAreLongAfterAWrongPassword(t *testing.T) {
	var b Backoff
	last := time.Duration(0)
	for range 20 {
		d := b.Next(frame.Unreachable, time.Second)
		if d < last*5/6 || d > afterFailure.Longest*6/5 {
			t.Fatalf("%v after %v", d, last)
		}
		last = d
	}
	if last < afterFailure.Longest {
		t.Errorf("the pause ends at %v", last)
	}
	if d := b.Next(frame.Unreachable, time.Hour); d > FirstPause*6/5 {
		t.Errorf("%v after a good hour", d)
	}
	if d := b.Next(frame.Unauthorized, 0); d < time.Minute {
		t.Errorf("%v after a wrong password", d)
	}
}

func TestPausesAreShortAgainAfterAGoodConnection(t *testing.T) {
	var b Backoff
	for range 5 {
		b.Next(frame.Ended, time.Second)
	}
	if d := b.Next(frame.Ended, time.Second); d < 10*time.Second {
		t.Errorf("%v after a connection that was lost soon, six times", d)
	}
	if d := b.Next(frame.Ended, goodTime); d > goodPause*6/5 {
		t.Errorf("%v after a good connection", d)
	}
	if d := b.Next(frame.Unreachable, 0); d > FirstPause*6/5 {
		t.Errorf("%v after the first failure since", d)
	}
}

func TestPausesDoNotGrowIfTheCameraWorksForAWhileEachTime(t *testing.T) {
	for _, lasted := range []time.Duration{5 * time.Second, 30 * time.Second} {
		var b Backoff
		for n := range 20 {
			if d := b.Next(frame.Ended, lasted); d > goodPause*6/5 {
				t.Errorf("%v after connection %d of %v", d, n, lasted)
			}
		}
	}
}
