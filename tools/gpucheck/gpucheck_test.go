package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/standin"
	"github.com/framegate/framegate/internal/table"
	"github.com/framegate/framegate/internal/testcam/camtest"
)

// binary is the framegate that is checked.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "gpucheck")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "framegate")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/framegate").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s\n", out)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// brief is a check that ends soon.
func brief(t *testing.T, platform string) options {
	return options{Platform: platform, Framegate: binary, Time: time.Second, Most: 2, Starts: 10, Codecs: []string{"h264", "h265"}, Width: 640, Height: 480, Out: t.TempDir()}
}

func TestMachineWithoutCardIsReported(t *testing.T) {
	if _, err := os.Stat("/dev/nvidia0"); err == nil {
		t.Skip("SKIPPED: this machine has a card, whose absence is tested")
	}
	var out bytes.Buffer
	if err := brief(t, "nvidia").run(t.Context(), &out); err != nil || !strings.HasPrefix(out.String(), "no GPU: ") || !strings.Contains(out.String(), "nvh264dec") {
		t.Errorf("%v %s", err, &out)
	}
}

func TestCardThatDoesNotWorkIsAnError(t *testing.T) {
	card := standin.Use(t, "nvidia")
	for _, factory := range []string{"nvh264dec", "nvh265dec", "nvvp8dec", "nvvp9dec", "nvav1dec", "nvmpeg4videodec", "nvjpegdec"} {
		card.Fault(t, factory, "open")
	}
	var out bytes.Buffer
	if err := brief(t, "nvidia").run(t.Context(), &out); err == nil || !strings.Contains(err.Error(), "Could not open the device") {
		t.Errorf("%v %s", err, &out)
	}
}

// TestCardIsCheckedInEveryWay runs the whole check on a stand-in, whatever the speed of this machine. If that is so slow that a
// decoder seems to hang, the check is repeated.
func TestCardIsCheckedInEveryWay(t *testing.T) {
	camtest.Long(t)
	standin.Use(t, "nvidia")
	o := brief(t, "nvidia")
	var out bytes.Buffer
	var err error
	for range 3 {
		out.Reset()
		if err = o.run(t.Context(), &out); !strings.Contains(out.String(), "fell back to software: no ") {
			break
		}
	}
	text, readErr := os.ReadFile(filepath.Join(o.Out, "table.json"))
	var found table.Table
	if readErr != nil || json.Unmarshal(text, &found) != nil {
		t.Fatalf("%v %v", err, readErr)
	}
	for _, r := range found.Missed() {
		if r.Unit != "fps" && !strings.HasPrefix(r.Name, "cameras watched") {
			t.Errorf("%+v", r)
		}
	}
	if missed := len(found.Missed()) > 0; missed != (err != nil) {
		t.Errorf("%v", err)
	}
	for _, want := range []string{
		"nvidia h265: nvh265dec", "pictures by nvidia: PSNR against software's", "nvidia (nvh264dec, cudaconvertscale, jpegenc): framegate", "nvidia?scale=1 (nvh264dec, cudaconvertscale, nvjpegenc): rate",
		"nvidia+software (nvh265dec, cudaconvertscale, jpegenc): access unit to JPEG read", "cameras watched simultaneously", "first picture, median",
		"H.264 that states nothing, 648 lines, nvidia: JPEG of the camera's size", "H.264 that states nothing, 1280x544, nvidia: rgb",
		"the camera is live, by software: nvidia, which the configuration names",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q", want)
		}
	}
	if t.Failed() {
		t.Logf("%v\n%s", err, &out)
	}
}

// TestCardThatFailsAtWorkIsReported makes a decoder fail after it has passed its proof.
func TestCardThatFailsAtWorkIsReported(t *testing.T) {
	camtest.Long(t)
	standin.Use(t, "nvidia").Fault(t, "nvh264dec", "fail 40") // the proof is of 25 pictures
	o := brief(t, "nvidia")
	o.Codecs = []string{"h264"}
	c, err := newCheck(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	c.codecs(t.Context())
	if !slices.ContainsFunc(c.failed, func(text string) bool { return strings.Contains(text, "The device has failed") }) {
		t.Errorf("%q", c.failed)
	}
}

func TestCardIsReadFromNVIDIAsTool(t *testing.T) {
	for text, want := range map[string]card{
		"NVIDIA H200, 580.159.04, 529, 3\n":                   {true, "NVIDIA H200", "580.159.04", 529, 3},
		"Tesla K80, 470.1, 12, [N/A]\nTesla K80, 470.1, 0, 0": {true, "Tesla K80", "470.1", 12, 0},
		"No devices were found\n":                             {},
		"a, b, [N/A], 0":                                      {},
	} {
		if got, err := parseCard(text); got != want || (err == nil) != want.known {
			t.Errorf("%q: %+v %v", text, got, err)
		}
	}
}

// pattern is a picture of bars in colours, moved.
func pattern(move int) *image.YCbCr {
	p := image.NewYCbCr(image.Rect(0, 0, 64, 32), image.YCbCrSubsampleRatio420)
	for i := range p.Y {
		p.Y[i] = byte(16 + (i%p.YStride+move)%64*3)
	}
	for i := range p.Cb {
		p.Cb[i], p.Cr[i] = byte(64+i%64), byte(192-i%64)
	}
	return p
}

func TestPSNRSeparatesEqualPicturesFromOthers(t *testing.T) {
	swapped := pattern(0)
	swapped.Cb, swapped.Cr = swapped.Cr, swapped.Cb
	brighter := pattern(0)
	for i := range brighter.Y {
		brighter.Y[i]++
	}
	full := pattern(0)
	for i, v := range full.Y {
		full.Y[i] = byte(stretch((float64(v)-16)*255/219 + 0.5))
	}
	for i := range full.Cb {
		full.Cb[i] = byte(stretch((float64(full.Cb[i])-128)*255/224 + 128.5))
		full.Cr[i] = byte(stretch((float64(full.Cr[i])-128)*255/224 + 128.5))
	}
	for name, c := range map[string]struct {
		picture, reference image.Image
		limited, same      bool
	}{
		"itself":                     {pattern(0), pattern(0), false, true},
		"one step brighter":          {brighter, pattern(0), false, true},
		"colours swapped":            {swapped, pattern(0), false, false},
		"another frame":              {pattern(9), pattern(0), false, false},
		"black":                      {image.NewYCbCr(pattern(0).Rect, image.YCbCrSubsampleRatio420), pattern(0), false, false},
		"grey only":                  {&image.Gray{Pix: pattern(0).Y, Stride: 64, Rect: pattern(0).Rect}, pattern(0), false, false},
		"another range":              {pattern(0), full, false, false},
		"another range, made equal":  {pattern(0), full, true, true},
		"the same range, made other": {full, full, true, false},
	} {
		if got := psnr(c.picture, c.reference, c.limited); got >= atLeastPSNR != c.same {
			t.Errorf("%s: %.1f dB", name, got)
		}
	}
}

func TestNumberOfCamerasIsFoundBetweenThoseThatWereTried(t *testing.T) {
	for carries, want := range map[int]int{1: 1, 2: 2, 3: 3, 13: 13, 33: 32, 50: 48, 64: 64, 100: 64} {
		c := &check{options: options{Most: 64}}
		var good, bad load
		tries := 0
		for n := 1; n > 0; n = c.next(good, bad) {
			if l := (load{cameras: n, slowest: 25}); n <= carries {
				good = l
			} else {
				bad = l
			}
			tries++
		}
		if good.cameras != want || tries > 10 {
			t.Errorf("with a card that decodes %d: %d, in %d tries", carries, good.cameras, tries)
		}
	}
}
