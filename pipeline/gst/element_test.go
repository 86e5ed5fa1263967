package gst

import "testing"

func TestDecodersOfDeviceMemoryAreKnown(t *testing.T) {
	for _, factory := range []string{"avdec_h264", "avdec_h265", "jpegdec", "vp8dec", "avdec_mpeg4"} {
		if !SystemMemory(factory) {
			t.Errorf("%s is taken for a decoder of device memory", factory)
		}
	}
	if len(Missing("vulkancolorconvert")) == 0 && SystemMemory("vulkancolorconvert") { // not a decoder, but it gives VulkanImage only
		t.Error("vulkancolorconvert is taken for an element of system memory")
	}
}
