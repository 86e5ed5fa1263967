package pipeline

import "testing"

func TestEveryCodecIsProvedInSoftware(t *testing.T) {
	h := Prove(t.Context())
	if len(h.Plans) != len(codecs)-1 || len(h.Platforms) != 1 || h.Platforms[0].Status != Works || h.GStreamer == "" {
		t.Errorf("%+v", h)
	}
	for _, p := range h.Plans {
		if p.Status != Works || p.FPS <= 0 || p.Decoder == "" {
			t.Errorf("%+v", p)
		}
	}
}

func TestPlanThatLacksAnElementIsToldMissing(t *testing.T) {
	p := software
	p.encoder = "nosuchenc"
	if got := prove(t.Context(), p, "h264"); got.Status != Missing || got.Reason != "GStreamer's element nosuchenc is missing" {
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
