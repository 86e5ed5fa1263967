package depay

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
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

// TestHDROfAV1IsRecognised in a sequence header (AV1 Bitstream & Decoding Process Specification, 5.5).
func TestHDROfAV1IsRecognised(t *testing.T) {
	for transfer, want := range map[int]frame.HDR{1: "", 14: "", 16: frame.PQ, 18: frame.HLG} {
		header := "000" + "1" + "1" + "00000" + // seq_profile, still_picture, reduced_still_picture_header, seq_level_idx
			"1001" + "1001" + fmt.Sprintf("%010b%010b", 640-1, 360-1) +
			"000" + "000" + // tools of the codec
			"1" + "0" + "1" + fmt.Sprintf("%08b%08b%08b", 9, transfer, 9) + "0" + "00" + "0" + // color_config, of 10 bits and BT.2020
			"0" + "1" // film_grain_params_present, and the end
		payload := append([]byte{0x18, 1 << 3}, ofBits(t, header)...) // of RTP: one OBU, which begins a sequence; and its head
		got := receive(t, Media{Encoding: "AV1"}, arrival{payload, 1, true, 0})
		if len(got.all) != 1 {
			t.Fatalf("%d units", len(got.all))
		}
		if s := got.all[0].Format.Stream; s.HDR != want || s.Width != 640 || s.Height != 360 {
			t.Errorf("transfer %d: %+v, want %q", transfer, s, want)
		}
	}
}

// ofBits returns the bytes of a text of zeros and ones.
func ofBits(t *testing.T, text string) (all []byte) {
	t.Helper()
	for part := range slices.Chunk([]byte(text), 8) {
		v, err := strconv.ParseUint((string(part) + "0000000")[:8], 2, 8)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, byte(v))
	}
	return all
}

// TestVP9AndAV1SayWhetherTheyStateAMatrix, for the decoders of cameras between 576 and 720 lines, which guess another one than framegate.
func TestVP9AndAV1SayWhetherTheyStateAMatrix(t *testing.T) {
	size := fmt.Sprintf("%016b%016b", 1152-1, 648-1)
	for _, test := range []struct {
		encoding string
		payload  string
		untagged bool
	}{
		// The head of RTP; frame_marker, profile, show_existing_frame, frame_type, show_frame, error_resilient_mode, frame_sync_code,
		// color_space, color_range, the size, render_and_frame_size_different.
		{"VP9", "00001100" + "10" + "00" + "0" + "0" + "1" + "0" + "010010011000001101000010" + "000" + "0" + size + "0", true},
		{"VP9", "00001100" + "10" + "00" + "0" + "0" + "1" + "0" + "010010011000001101000010" + "010" + "0" + size + "0", false},
		// The heads of RTP and of the OBU, and a sequence header with or without a description of its colours.
		{"AV1", "00011000" + "00001000" + "000" + "1" + "1" + "00000" + "10101010" + fmt.Sprintf("%011b%011b", 1152-1, 648-1) + "000000" + "000" + "0000" + "01", true},
		{"AV1", "00011000" + "00001000" + "000" + "1" + "1" + "00000" + "10101010" + fmt.Sprintf("%011b%011b", 1152-1, 648-1) + "000000" +
			"001" + "000000010000000100000001" + "0000" + "01", false},
	} {
		got := receive(t, Media{Encoding: test.encoding}, arrival{append(ofBits(t, test.payload), 0, 0), 1, true, 0})
		if len(got.all) != 1 {
			t.Fatalf("%s: %d units, broken %d", test.encoding, len(got.all), got.broken)
		}
		if f := got.all[0].Format; f.Untagged != test.untagged || f.Stream.Width != 1152 {
			t.Errorf("%s: %+v, want untagged %v", test.encoding, f, test.untagged)
		}
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
