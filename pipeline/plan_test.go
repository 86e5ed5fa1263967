package pipeline

import (
	"testing"

	"framegate/pipeline/gst"
)

func TestEveryCodecIsProvedInSoftware(t *testing.T) {
	h := Prove(t.Context(), proveInChild)
	proved := 0
	for _, p := range h.Plans {
		if p.Platform != software.name {
			continue
		}
		proved++
		if p.Status != Works || p.FPS <= 0 || p.Decoder == "" {
			t.Errorf("%+v", p)
		}
	}
	if proved != len(gst.Codecs())-1 || len(h.Platforms) != len(platforms) || h.GStreamer == "" {
		t.Errorf("%+v", h)
	}
	for _, p := range h.Platforms {
		if p.Name == software.name != (p.Status == Works) || p.Status != Works && p.Reason == "" {
			t.Errorf("%+v", p)
		}
	}
}

func TestPlanThatLacksAnElementIsToldMissing(t *testing.T) {
	p := softwarePlan("h264")
	p.system.factory = "nosuchenc"
	if got := prove(t.Context(), p); got.Status != Missing || got.Reason != "GStreamer's element nosuchenc is missing" {
		t.Errorf("%+v", got)
	}
}
