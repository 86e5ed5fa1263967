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
		if d < last*5/6 || d > maxPause*6/5 {
			t.Fatalf("%v after %v", d, last)
		}
		last = d
	}
	if last < maxPause {
		t.Errorf("the pause ends at %v", last)
	}
	if d := b.Next(frame.Unreachable, time.Hour); d > firstPause*6/5 {
		t.Errorf("%v after a good hour", d)
	}
	if d := b.Next(frame.Unauthorized, 0); d < time.Minute {
		t.Errorf("%v after a wrong password", d)
	}
}

func TestPausesAreShortAgainAfterAGoodMinute(t *testing.T) {
	var b Backoff
	for range 5 {
		b.Next(frame.Ended, 10*time.Second)
	}
	if d := b.Next(frame.Ended, 10*time.Second); d < 10*time.Second {
		t.Errorf("%v after a connection that was lost soon, six times", d)
	}
	if d := b.Next(frame.Ended, goodTime); d > firstPause*6/5 {
		t.Errorf("%v after a good minute", d)
	}
}
