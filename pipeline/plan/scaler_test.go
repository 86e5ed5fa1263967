package plan

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
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

// TestScalerInSystemMemoryConvertsForEveryEncoder, such as that of a platform without a scaler of its own.
func TestScalerInSystemMemoryConvertsForEveryEncoder(t *testing.T) {
	for _, pf := range platforms {
		if !slices.ContainsFunc(pf.scalers, func(s scaler) bool { return s.system }) || pf.memory != "" {
			continue
		}
		alone := &platform{scalers: []scaler{inSystemMemory}, encoders: pf.encoders}
		for i := range alone.encoders {
			p := Plan{name: pf.name, codec: "h264", platform: alone, device: &alone.encoders[i], system: jpegenc}
			chain := p.scale(frame.Rendition{Width: 480, Height: 270, Quality: 80}, Camera{Width: 1280, Height: 720, Untagged: true})
			if set := chain[0].Set; chain[0].Factory != gst.Scaler || set["untagged"] != true || set["matrix"] != gst.Arg("bt709") {
				t.Errorf("%s, %s: %+v", pf.name, p.device.factory, chain[0])
			}
			if got := short(chain[len(chain)-1]); got != p.device.format+" 480x270" {
				t.Errorf("%s gets %s", p.device.factory, got)
			}
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

func TestMasksCoverWhatAScalerMixesIntoTheirNeighbours(t *testing.T) {
	for _, pf := range platforms {
		for _, s := range pf.scalers {
			if s.system != (s.reach == 0) {
				t.Errorf("%s: %s reaches %d pixels", pf.name, s.name(), s.reach)
			}
		}
	}
	camera := Camera{Width: 1920, Height: 1080, Masks: []configs.Mask{{X: 0.5, Y: 0.5, Width: 0.25, Height: 0.25}}}
	part := frame.Crop{X: 0.25, Y: 0.25, Width: 0.5, Height: 0.5}
	for _, test := range []struct {
		name         string
		r            frame.Rendition
		x, y, margin float64 // pixels of the rendition
	}{
		{"smaller", frame.Rendition{Width: 480, Height: 270}, 240, 135, 5},
		{"nearly its own size", frame.Rendition{Width: 1916, Height: 1078}, 958, 539, 5},
		{"a crop of its own size", frame.Rendition{Width: 960, Height: 540, Crop: part}, 480, 270, 5},
		{"a crop of half its size", frame.Rendition{Width: 480, Height: 270, Crop: part}, 240, 135, 5},
		{"enlarged twice", frame.Rendition{Width: 3840, Height: 2160}, 1920, 1080, 2 * (5 + 2)},
	} {
		x, y := scaler{reach: tenTaps}.margin(size{camera.Width, camera.Height}, camera.target(test.r))
		m := camera.masksIn(test.r, x, y)[0]
		offX := test.x - m.X*float64(test.r.Width)
		offY := test.y - m.Y*float64(test.r.Height)
		if math.Abs(offX-test.margin) > 0.01 || math.Abs(offY-test.margin) > 0.01 {
			t.Errorf("%s: margins of %.2f and %.2f pixels, want %v", test.name, offX, offY, test.margin)
		}
	}
	x, y := inSystemMemory.margin(size{1920, 1080}, size{480, 270})
	if math.Abs(x*1920-1) > 0.01 || math.Abs(y*1080-1) > 0.01 {
		t.Errorf("in system memory: margins of %.2f and %.2f pixels of the camera, want 1", x*1920, y*1080)
	}
}

// TestMatrixThatGStreamerMisreads has streams that state no matrix: GStreamer looks at the height alone.
func TestMatrixThatGStreamerMisreads(t *testing.T) {
	for of, want := range map[size]bool{
		{}: false, {640, 360}: false, {720, 576}: false, {800, 600}: true, {1152, 648}: true, {1280, 648}: false,
		{1280, 544}: true, {1280, 720}: false, {1920, 540}: true, {1920, 1080}: false, {960, 1280}: false,
	} {
		untagged, tagged := Camera{Width: of.width, Height: of.height, Untagged: true}, Camera{Width: of.width, Height: of.height}
		if untagged.misread() != want || tagged.misread() {
			t.Errorf("%v: %v, want %v; %v where the stream states a matrix", of, untagged.misread(), want, tagged.misread())
		}
	}
}
