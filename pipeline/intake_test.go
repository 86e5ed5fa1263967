package pipeline

import (
	"testing"
	"time"

	"framegate/pipeline/frame"
)

func TestNoUnitComesInBeforeTheLast(t *testing.T) {
	in := &intake{feed: &Feed{}, onStream: func(frame.Stream) {}}
	vp8 := &format{stream: frame.Stream{Codec: "vp8"}}
	began := time.Now()
	for n, after := range []time.Duration{0, 100, 92, 92, 200} { // ms; the second one was told too late
		in.unit([]byte{1}, time.Duration(n)*100*time.Millisecond, n == 0, began.Add(after*time.Millisecond), vp8)
	}
	units := in.feed.gop.Reader()
	last := time.Time{}
	for range 5 {
		u, err := units.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !u.Received.Truncate(time.Microsecond).After(last) {
			t.Errorf("a unit came in at %v, after one at %v", u.Received.Sub(began), last.Sub(began))
		}
		last = u.Received.Truncate(time.Microsecond)
	}
	if last.Sub(began).Round(time.Millisecond) != 200*time.Millisecond {
		t.Errorf("the last unit came in after %v", last.Sub(began))
	}
}
