package pipeline

import (
	"testing"
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
	if proved != len(codecs)-1 || len(h.Platforms) != len(platforms) || h.GStreamer == "" {
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

func TestDecodersOfDeviceMemoryAreKnown(t *testing.T) {
	for _, factory := range []string{"avdec_h264", "avdec_h265", "jpegdec", "vp8dec", "avdec_mpeg4"} {
		if !systemMemory(factory) {
			t.Errorf("%s is taken for one of device memory", factory)
		}
	}
	if len(missing("vulkancolorconvert")) == 0 && systemMemory("vulkancolorconvert") { // no decoder, but of VulkanImage only
		t.Error("vulkancolorconvert is taken for one of system memory")
	}
}
