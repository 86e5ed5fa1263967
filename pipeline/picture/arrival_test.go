package picture

import (
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// TestTimesOfArrivalGrow also for a B-frame, which arrives after the picture that is shown after it.
func TestTimesOfArrivalGrow(t *testing.T) {
	var out output
	noon := time.Unix(1700000000, 0)
	for i, c := range []struct{ arrived, want time.Duration }{
		{0, 0}, {80 * time.Millisecond, 80 * time.Millisecond}, {40 * time.Millisecond, 80*time.Millisecond + time.Microsecond},
		{40 * time.Millisecond, 80*time.Millisecond + 2*time.Microsecond}, {160 * time.Millisecond, 160 * time.Millisecond},
	} {
		received := out.arrival(noon.Add(c.arrived))
		if got := received.Sub(noon); got != c.want {
			t.Errorf("picture %d: %v, want %v", i, got, c.want)
		}
		out.last = frame.New(nil, frame.Info{Received: received})
	}
}
