package gst

import "testing"

func TestDecodersOfDeviceMemoryAreKnown(t *testing.T) {
	for _, factory := range []string{"avdec_h264", "avdec_h265", "jpegdec", "vp8dec", "avdec_mpeg4"} {
		if !SystemMemory(factory) {
			t.Errorf("%s is taken for one of device memory", factory)
		}
	}
	if len(Missing("vulkancolorconvert")) == 0 && SystemMemory("vulkancolorconvert") { // no decoder, but of VulkanImage only
		t.Error("vulkancolorconvert is taken for one of system memory")
	}
}
