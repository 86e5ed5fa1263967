package plan_test

import (
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/gst"
	"github.com/framegate/framegate/pipeline/plan"
	"github.com/framegate/framegate/pipeline/plan/plantest"
)

func TestMain(m *testing.M) { plantest.Main(m) }

func TestEveryCodecIsProvedInSoftware(t *testing.T) {
	h := plan.Prove(t.Context(), plantest.Prover)
	proved := 0
	for _, p := range h.Plans {
		if p.Platform != "software" {
			continue
		}
		proved++
		if p.Status != plan.Works || p.FPS <= 0 || p.Decoder == "" {
			t.Errorf("%+v", p)
		}
	}
	if proved != len(gst.Codecs())-1 || len(h.Platforms) != len(plan.Names()) || h.GStreamer == "" {
		t.Errorf("%+v", h)
	}
	for _, p := range h.Platforms {
		if p.Name == "software" != (p.Status == plan.Works) || p.Status != plan.Works && p.Reason == "" {
			t.Errorf("%+v", p)
		}
	}
}

func TestProofSurvivesACrashAndSeesWrongPictures(t *testing.T) {
	standins, ok := plantest.WithStandins(t, "nvidia")
	if !ok {
		return
	}
	standins.Fault(t, "nvh264dec", "crash")
	standins.Fault(t, "nvh265dec", "black")
	m, found := plantest.Proved(t)
	reasons := map[string]string{}
	for _, p := range found.Plans {
		if p.Status == plan.Failed {
			reasons[p.Plan+" "+p.Codec] = p.Reason
		}
	}
	for plan, want := range map[string]string{
		"nvidia h264": "took its process down", "nvidia+software h264": "took its process down",
		"nvidia h265": "pictures are wrong", "nvidia+software h265": "pictures are wrong",
	} {
		if !strings.Contains(reasons[plan], want) {
			t.Errorf("%s: %q", plan, reasons[plan])
		}
	}
	plans := m.NewFallback(configs.Plans{}, nil)
	if len(reasons) != 4 || plans.Best("h264").Name() != "software" || plans.Best("vp8").Name() != "nvidia" {
		t.Errorf("%v", reasons)
	}
}
