package unit

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"slices"
	"testing"

	"github.com/framegate/framegate/pipeline/frame"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

func TestDecoderGetsRoomForOneMorePicture(t *testing.T) {
	codes := &Format{Caps: "video/x-h264, stream-format=(string)byte-stream", Stream: frame.Stream{Codec: "h264"}}
	for name, c := range map[string]struct {
		set    string
		format *Format
		stated uint32 // afterwards; 0 if nothing changes
	}{
		"x264 for low latency":           {"67640028acb403c0113f2e02d4040405000003000100000300328f1832a0", codes, 2},
		"x264 with four references":      {"67640028acb280f0044fcb80b501010140000003004000000ca3c60c96", codes, 5},
		"nothing stated":                 {"6742001eda0a3440", codes, 0},
		"other codecs":                   {"67640028acb403c0113f2e02d4040405000003000100000300328f1832a0", &Format{Caps: codes.Caps, Stream: frame.Stream{Codec: "h265"}}, 0},
		"a set that makes no sense":      {"67640028ffffffffffffffff", codes, 0},
		"a set that ends before its end": {"67640028acb403c0113f2e02d40404050000030001000003", codes, 0},
	} {
		set, err := hex.DecodeString(c.set)
		if err != nil {
			t.Fatal(err)
		}
		_, given := joined([]byte{9, 0xF0}, set, nalPPS, nalIDR)
		before := bytes.Clone(given)
		got := WithRoom(given, c.format)
		if !bytes.Equal(given, before) {
			t.Errorf("%s: the unit itself was changed", name)
		}
		if c.stated == 0 {
			if !bytes.Equal(got, given) {
				t.Errorf("%s: %x became %x", name, given, got)
			}
			continue
		}
		var want, has h264.SPS
		_, rest, _ := bytes.Cut(got, []byte{0, 0, 0, 1, 0x67})
		changed, rest, _ := bytes.Cut(rest, []byte{0, 0, 0, 1})
		if err := want.Unmarshal(set); err != nil {
			t.Fatal(err)
		}
		if err := has.Unmarshal(slices.Concat([]byte{0x67}, changed)); err != nil {
			t.Fatalf("%s: %x: %v", name, got, err)
		}
		want.VUI.BitstreamRestriction.MaxDecFrameBuffering = c.stated
		if !reflect.DeepEqual(has, want) {
			t.Errorf("%s: %+v, want %+v", name, has, want)
		}
		if _, tail := joined(nalPPS, nalIDR); !bytes.Equal(rest, tail[4:]) {
			t.Errorf("%s: %x follows the set, want %x", name, rest, tail)
		}
		if again := WithRoom(got, c.format); !bytes.Equal(again, got) {
			t.Errorf("%s: it changes again, to %x", name, again)
		}
	}
}
