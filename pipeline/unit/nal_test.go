package unit

import (
	"bytes"
	"testing"

	"github.com/framegate/framegate/pipeline/frame"
)

// FuzzNALUnits: whatever is in an access unit, its NAL units are parts of it in their order and none is empty, and
// nothing else that looks into units fails on it.
func FuzzNALUnits(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x65, 3}, false)
	f.Add([]byte{0, 0, 0, 2, 0x41, 1, 0, 0, 0, 1, 0x01}, true)
	f.Add([]byte{0, 0, 0, 2, 0x02, 1, 0xFF, 0xFF, 0xFF, 0xFF, 1}, true)
	f.Add([]byte{0, 0, 1, 0, 0, 1, 0, 0, 1}, false)
	for _, nals := range [][][]byte{{nal25, nalP}, {nalUser, nalBoth, nalI}, {interlaced, nalPPS, nalP}, {{39 << 1, 1, 6, 2, 0x08, 0x40, 0x80}, {2, 1, 0xD0}}} {
		lengths, codes := joined(nals...)
		f.Add(lengths, true)
		f.Add(codes, false)
	}
	f.Add([]byte("\x00\x00\x01\x67\x64\x00\x28\xac\xb4\x03\xc0\x11\x3f\x2e\x02\xd4\x04\x04\x05\x00\x00\x03\x00\x01\x00\x00\x03\x00\x32\x8f\x18\x32\xa0\x00\x00\x01\x65\x88"), false)
	f.Fuzz(func(t *testing.T, unit []byte, lengths bool) {
		n, rest := 0, unit
		for nal := range nalUnits(unit, lengths) {
			if n++; n > len(unit) || len(nal) == 0 {
				t.Fatalf("NAL unit %d of %d bytes in %d", n, len(nal), len(unit))
			}
			i := bytes.Index(rest, nal)
			if i < 0 {
				t.Fatalf("NAL unit %x is not in %x", nal, rest)
			}
			rest = rest[i+1:]
		}
		caps := "stream-format=(string)avc"
		if !lengths {
			caps = "stream-format=(string)byte-stream"
		}
		for _, codec := range []string{"h264", "h265", "vp8"} {
			format := &Format{Caps: caps, Stream: frame.Stream{Codec: codec, Width: 2, Height: 2}}
			roomy := WithRoom(unit, format)
			if again := WithRoom(roomy, format); !bytes.Equal(again, roomy) {
				t.Fatalf("%x becomes %x, and then %x", unit, roomy, again)
			}
			d := NewReferenceTracker(format)
			d.Droppable(unit)
			s := NewStarts(format)
			for range 3 {
				if start := s.Of(unit, false); start.Recovery < 0 || start.Recovery > 0 && start.Key {
					t.Fatalf("%+v", start)
				}
			}
		}
		if len(unit) > 0 {
			MisstatesVP8Size(unit, frame.Stream{Width: 2, Height: 2})
		}
	})
}
