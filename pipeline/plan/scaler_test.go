package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/framegate/framegate/pipeline/gst"
)

func TestScalerThatReadsFourPixelsHalves(t *testing.T) {
	for _, test := range []struct {
		halves   bool
		from, to size
		want     []size
	}{
		{true, size{1920, 1080}, size{480, 270}, []size{{960, 540}, {480, 270}}},
		{true, size{1920, 1080}, size{960, 540}, []size{{960, 540}}},
		{true, size{1920, 1080}, size{700, 394}, []size{{960, 540}, {700, 394}}},
		{true, size{3840, 2160}, size{320, 180}, []size{{1920, 1080}, {960, 540}, {480, 270}, {320, 180}}},
		{true, size{1919, 1079}, size{400, 225}, []size{{960, 540}, {480, 270}, {400, 225}}},
		{true, size{640, 480}, size{640, 100}, []size{{640, 240}, {640, 120}, {640, 100}}},
		{true, size{640, 480}, size{1280, 960}, []size{{1280, 960}}},
		{true, size{}, size{480, 270}, []size{{480, 270}}},
		{false, size{1920, 1080}, size{480, 270}, []size{{480, 270}}},
	} {
		if got := (scaler{halves: test.halves}).steps(test.from, test.to); !slices.Equal(got, test.want) {
			t.Errorf("from %v to %v, halving %v: %v, want %v", test.from, test.to, test.halves, got, test.want)
		}
	}
}

func TestScalerConvertsColoursByWayOfAnotherFormat(t *testing.T) {
	cuda := scaler{elements: elementsOf("cudaconvertscale"), halves: true, through: "RGBA"}
	va := scaler{elements: elementsOf("vapostproc"), converts: true}
	for _, test := range []struct {
		name    string
		scaler  scaler
		format  string
		from    size
		convert bool
		want    string
	}{
		{"smaller", cuda, "I420", size{1920, 1080}, true, "RGBA 960x540, I420 full 480x270"},
		{"the format does not matter", cuda, "", size{1920, 1080}, true, "RGBA 960x540, I420 full 480x270"},
		{"the same size", cuda, "NV12", size{480, 270}, true, "RGBA 480x270, NV12 full 480x270"},
		{"a JPEG's colours", cuda, "I420", size{1920, 1080}, false, "any 960x540, I420 480x270"},
		{"a scaler that cannot", chain("nvvidconv"), "NV12", size{1920, 1080}, true, "NV12 480x270"},
		{"a scaler that does so itself", va, "NV12", size{1920, 1080}, true, "NV12 full 480x270"},
		{"the same, for JPEGs", va, "NV12", size{1920, 1080}, false, "NV12 480x270"},
		{"the same, before system memory", va, "", size{1920, 1080}, true, "any 480x270"},
	} {
		var got []string
		elements := test.scaler.scale("memory:X", test.format, test.from, size{480, 270}, test.convert)
		for filter := range slices.Chunk(elements, len(test.scaler.elements)+1) {
			got = append(got, short(filter[len(filter)-1]))
		}
		if text := strings.Join(got, ", "); text != test.want {
			t.Errorf("%s: %s, want %s", test.name, text, test.want)
		}
	}
}

// short is what a capsfilter demands, in short.
func short(filter gst.Spec) string {
	text := "any"
	full, width, height := "", "", ""
	for field := range strings.SplitSeq(string(filter.Set["caps"].(gst.Arg)), ", ") {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "format":
			text = value
		case "colorimetry":
			full = map[string]string{"1:4:0:0": " full"}[value]
		case "width":
			width = value
		case "height":
			height = value
		}
	}
	return text + full + " " + width + "x" + height
}
