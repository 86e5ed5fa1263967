package picture

import (
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/unit"
)

func TestEverythingIsDecodedWhenAKeyframeIsLate(t *testing.T) {
	m := &unit.Meter{}
	send := func(at time.Duration, key bool) unit.Unit {
		u := unit.Unit{PTS: at, Key: key}
		m.Add(u)
		return u
	}
	send(0, true)
	low := newSkipping(m, []*output{{Output: frame.Output{Rendition: frame.Rendition{FPS: 1}}}})
	low.skips(send(time.Second, true), 0)
	u := send(2400*time.Millisecond, false)
	if low.late(u) || !low.skips(u, time.Second) {
		t.Error("a unit is decoded before the next keyframe is late")
	}
	if u := send(2600*time.Millisecond, false); !low.late(u) {
		t.Error("everything waits for a late keyframe")
	}
	low.keyframeLate = true
	if low.skips(send(2640*time.Millisecond, false), time.Second) {
		t.Error("a unit is skipped while the keyframe is late")
	}
	if low.skips(send(5*time.Second, true), time.Second) || low.skips(send(5040*time.Millisecond, false), 5*time.Second) {
		t.Error("only keyframes are decoded although pictures are wanted more often")
	}
}
