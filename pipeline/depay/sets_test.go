package depay

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/unit"
)

// TestRecoveryPointsGetParameterSets, since a decoder may begin there if a camera sends no keyframes (H.264, D.2.8).
func TestRecoveryPointsGetParameterSets(t *testing.T) {
	point := []byte{0x06, 0x06, 0x02, 0x04, 0xC4, 0x80} // recovery_frame_cnt is 24
	sets := base64.StdEncoding.EncodeToString(sps) + "," + base64.StdEncoding.EncodeToString(pps)
	got := receive(t, Media{Encoding: "H264", Parameters: map[string]string{"sprop-parameter-sets": sets}},
		arrival{p1, 1, true, 0}, arrival{point, 2, false, 0}, arrival{p1, 2, true, 0}, arrival{p1, 3, true, 0})
	if want := "1, 7 8 6 1, 1"; got.String() != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestParameterSetsOfTheDescription are used as long as the stream has no others.
func TestParameterSetsOfTheDescription(t *testing.T) {
	encoded := func(nal []byte) string { return base64.StdEncoding.EncodeToString(nal) }
	bare := []arrival{{idr, 1, true, 0}, {p1, 2, true, 0}}
	whole := []arrival{{sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, true, 0}, {p1, 2, true, 0}}
	for name, c := range map[string]struct {
		sprop   string
		packets []arrival
		want    string
		width   int
	}{
		"only there":         {encoded(sps) + "," + encoded(pps), bare, "7 8 5*, 1", 640},
		"in the other order": {encoded(pps) + "," + encoded(sps), bare, "7 8 5*, 1", 640},
		"of another size":    {encoded(spsOfFields) + "," + encoded(pps), whole, "7 8 5*, 1", 640},
		"only one":           {encoded(sps) + ",", whole, "7 8 5*, 1", 640},
		"nonsense":           {"QUJDREVG,R0hJSg==", whole, "7 8 5*, 1", 640},
		"without padding":    {strings.TrimRight(encoded(sps), "=") + "," + strings.TrimRight(encoded(pps), "="), bare, "7 8 5*, 1", 640},
		"no Base64":          {"Z00AH+dAKALd@@@,KO48", whole, "7 8 5*, 1", 640},
		"with start codes":   {encoded(append(bytes.Clone(startCode), sps...)) + "," + encoded(append([]byte{0, 0, 1}, pps...)), bare, "7 8 5*, 1", 640},
	} {
		got := receive(t, Media{Encoding: "H264", Parameters: map[string]string{"sprop-parameter-sets": c.sprop}}, c.packets...)
		if got.String() != c.want || len(got.all) == 0 || got.all[0].Format.Stream.Width != c.width {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := receive(t, Media{Encoding: "H264"}, bare...); len(got.all) > 0 || got.sizeless != 1 || got.unknown != 1 {
		t.Errorf("without any: %s; reported %d times", got, got.sizeless)
	}
}

// TestFormatsSayWhatDecodersNeed compares whole caps, since decoders choose by them.
func TestFormatsSayWhatDecodersNeed(t *testing.T) {
	h264 := receive(t, Media{Encoding: "H264"}, arrival{sps, 1, false, 0}, arrival{pps, 1, false, 0}, arrival{idr, 1, true, 0}, arrival{idr, 2, true, 0})
	want := "video/x-h264, width=(int)640, height=(int)360, stream-format=(string)byte-stream, alignment=(string)au, parsed=(boolean)true, " +
		"profile=(string)high, level=(string)3, pixel-aspect-ratio=(fraction)1/1, framerate=(fraction)50/2"
	if f := h264.all[0].Format; f.Caps != want || f.Stream.FPS != 25 || f != h264.all[1].Format {
		t.Errorf("%+v", f)
	}
	h265 := receive(t, Media{Encoding: "H265"}, arrival{hevcVPS, 1, false, 0}, arrival{hevcSPS, 1, false, 0}, arrival{hevcPPS, 1, false, 0}, arrival{[]byte{0x28, 1, 0xAF, 1}, 1, true, 0})
	want = "video/x-h265, width=(int)640, height=(int)360, stream-format=(string)byte-stream, alignment=(string)au, parsed=(boolean)true, " +
		"profile=(string)main, pixel-aspect-ratio=(fraction)1/1, framerate=(fraction)25/1"
	if f := h265.all[0].Format; f.Caps != want || f.Stream.FPS != 25 {
		t.Errorf("%+v", f)
	}
	changed := receive(t, Media{Encoding: "H264"}, arrival{sps, 1, false, 0}, arrival{pps, 1, false, 0}, arrival{idr, 1, true, 0}, arrival{spsOfFields, 2, false, 0}, arrival{idr, 2, true, 0})
	if a, b := changed.all[0].Format, changed.all[1].Format; a == b || b.Stream.Width != 704 || !strings.Contains(b.Caps, "pixel-aspect-ratio=(fraction)16/11") || b.Stream.PixelAspect != (frame.Ratio{Width: 16, Height: 11}) {
		t.Errorf("after a change: %+v", b)
	}
}

// TestHDRIsRecognised in sequence parameter sets of x265 and x264.
func TestHDRIsRecognised(t *testing.T) {
	const vps, pps = "40010c01ffff02200000030090000003000003003f959809", "4401c172b46240"
	for set, want := range map[string]frame.HDR{
		"42010102200000030090000003000003003fa00a080b9f6d96566924cafff000100016a122012080000003008000000f04": frame.PQ,
		"42010102200000030090000003000003003fa00a080b9f6d96566924cafff000100016a122412080000003008000000f04": frame.HLG,
		hex.EncodeToString(hevcSPS): "",
	} {
		var sets [3][]byte
		for i, text := range []string{vps, set, pps} {
			sets[i], _ = hex.DecodeString(text)
		}
		got := receive(t, Media{Encoding: "H265"}, arrival{sets[0], 1, false, 0}, arrival{sets[1], 1, false, 0}, arrival{sets[2], 1, false, 0}, arrival{[]byte{0x28, 1, 0xAF, 1}, 1, true, 0})
		if hdr := got.all[0].Format.Stream.HDR; hdr != want {
			t.Errorf("%s: %q, want %q", set, hdr, want)
		}
	}
	sps, _ := hex.DecodeString("676e000da6cd941419f9f016a1220128000003000800000301e478a14cb0")
	got := receive(t, Media{Encoding: "H264"}, arrival{sps, 1, false, 0}, arrival{[]byte{0x68, 0xeb, 0xec, 0xb2, 0x2c}, 1, false, 0}, arrival{idr, 1, true, 0})
	if hdr := got.all[0].Format.Stream.HDR; hdr != frame.PQ {
		t.Errorf("H.264: %q", hdr)
	}
}

// TestParameterSetsThatOnlyADecoderCouldReadAreLeftOut, of packets, of fragments and of the description: they say how much memory it takes.
func TestParameterSetsThatOnlyADecoderCouldReadAreLeftOut(t *testing.T) {
	odd := append(bytes.Clone(sps[:6]), 0x99)
	long := append(bytes.Clone(sps), bytes.Repeat([]byte{0xFF}, maxSet)...)
	for name, bad := range map[string][]byte{"unreadable": odd, "long": long} {
		packets := []arrival{{sps, 1, false, 0}, {pps, 1, false, 0}, {bad, 1, false, 0}}
		for _, part := range fu(bad, 3) {
			packets = append(packets, arrival{part, 1, false, 0})
		}
		packets = append(packets, arrival{idr, 1, true, 0}, arrival{p1, 2, true, 0})
		got := receive(t, Media{Encoding: "H264", Parameters: map[string]string{
			"sprop-parameter-sets": base64.StdEncoding.EncodeToString(sps) + "," + base64.StdEncoding.EncodeToString(bad)}}, packets...)
		if got.String() != "7 8 5*, 1" || bytes.Contains(got.all[0].Data, bad) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestFormatSaysWhetherTheMatrixIsStated(t *testing.T) {
	for name, c := range map[string]struct {
		read     func([]byte) (*unit.Format, bool)
		set      string
		untagged bool
	}{
		"H.264 with a description": {h264Format, "67640028acb403c0113f2e02d4040405000003000100000300328f1832a0", false},
		"H.264 without":            {h264Format, "6742001eda0a3440", true},
	} {
		set, err := hex.DecodeString(c.set)
		if err != nil {
			t.Fatal(err)
		}
		if f, _ := c.read(set); f == nil || f.Untagged != c.untagged {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
