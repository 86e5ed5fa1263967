package picture

import (
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/unit"
)

func TestFrameHasTheTimeOfTheUnitWithTheNearestPTS(t *testing.T) {
	began := time.Now()
	var sent sentUnits
	for i := range 2 * len(sent.units) {
		at := time.Duration(i) * 40 * time.Millisecond
		sent.add(unit.Unit{PTS: at, Received: began.Add(at)})
	}
	newest := time.Duration(2*len(sent.units)-1) * 40 * time.Millisecond
	for name, c := range map[string]struct{ pts, received time.Duration }{
		"the newest":                 {newest, newest},
		"an earlier one":             {newest - 10*40*time.Millisecond, newest - 10*40*time.Millisecond},
		"a PTS that is rounded up":   {newest - 80*time.Millisecond + time.Millisecond, newest - 80*time.Millisecond},
		"a PTS that is rounded down": {newest - 80*time.Millisecond - time.Millisecond, newest - 80*time.Millisecond},
	} {
		if got := sent.received(c.pts).Sub(began); got != c.received {
			t.Errorf("%s: %v, want %v", name, got, c.received)
		}
	}
	if got := sent.newest(); got != newest {
		t.Errorf("the largest PTS of a frame is %v, want %v", got, newest)
	}
	if n, _ := sent.count(); n != 2*len(sent.units) {
		t.Errorf("%d units were sent", n)
	}
}
