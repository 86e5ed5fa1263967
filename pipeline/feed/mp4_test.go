package feed

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/framegate/framegate/pipeline/frame"
)

// box is a box of an MP4 file.
func box(kind string, content ...[]byte) []byte {
	all := slices.Concat(content...)
	return slices.Concat(binary.BigEndian.AppendUint32(nil, uint32(8+len(all))), []byte(kind), all)
}

// longBox has a length of 64 bits.
func longBox(kind string, content []byte) []byte {
	return slices.Concat([]byte{0, 0, 0, 1}, []byte(kind), binary.BigEndian.AppendUint64(nil, uint64(16+len(content))), content)
}

// track is a track with pictures or sound, whose header has version 0 or 1 and a matrix of four values.
func track(kind string, version byte, matrix ...int32) []byte {
	before := 40
	if version == 1 {
		before = 52
	}
	header := make([]byte, before, 100)
	header[0] = version
	for _, v := range []int32{matrix[0], matrix[1], 0, matrix[2], matrix[3], 0, 5 << 16, 7 << 16, 1 << 30} {
		header = binary.BigEndian.AppendUint32(header, uint32(v))
	}
	header = append(header, make([]byte, 8)...) // width and height
	return box("trak", box("edts"), box("tkhd", header), box("mdia", box("mdhd", make([]byte, 24)), box("hdlr", make([]byte, 8), []byte(kind), make([]byte, 13))))
}

func TestOrientationOfMP4(t *testing.T) {
	const one = 1 << 16
	quarter := track("vide", 0, 0, one, -one, 0)
	for name, c := range map[string]struct {
		file []byte
		want frame.Orientation
	}{
		"upright":               {box("moov", track("vide", 0, one, 0, 0, one)), frame.Orientation{}},
		"a quarter":             {box("moov", quarter), frame.Orientation{Degrees: 90}},
		"a half":                {box("moov", track("vide", 0, -one, 0, 0, -one)), frame.Orientation{Degrees: 180}},
		"three quarters":        {box("moov", track("vide", 0, 0, -one, one, 0)), frame.Orientation{Degrees: 270}},
		"mirrored":              {box("moov", track("vide", 0, -one, 0, 0, one)), frame.Orientation{Mirrored: true}},
		"upside down, mirrored": {box("moov", track("vide", 0, one, 0, 0, -one)), frame.Orientation{Mirrored: true, Degrees: 180}},
		"mirrored, a quarter":   {box("moov", track("vide", 0, 0, -one, -one, 0)), frame.Orientation{Mirrored: true, Degrees: 90}},
		"mirrored, three":       {box("moov", track("vide", 0, 0, one, one, 0)), frame.Orientation{Mirrored: true, Degrees: 270}},
		"by some degrees":       {box("moov", track("vide", 0, one/2, one/2, -one/2, one/2)), frame.Orientation{}},
		"scaled":                {box("moov", track("vide", 0, 0, 2*one, -2*one, 0)), frame.Orientation{}},
		"with long times":       {box("moov", track("vide", 1, 0, one, -one, 0)), frame.Orientation{Degrees: 90}},
		"sound first":           {box("moov", box("mvhd"), track("soun", 0, one, 0, 0, one), quarter), frame.Orientation{Degrees: 90}},
		"the header last":       {slices.Concat(box("ftyp", []byte("isom")), longBox("mdat", make([]byte, 99)), box("moov", quarter)), frame.Orientation{Degrees: 90}},
		"a long header":         {longBox("moov", quarter), frame.Orientation{Degrees: 90}},
		"up to the end":         {slices.Concat([]byte{0, 0, 0, 0}, []byte("moov"), quarter), frame.Orientation{Degrees: 90}},
		"cut off":               {box("moov", quarter)[:120], frame.Orientation{}},
		"sound only":            {box("moov", track("soun", 0, 0, one, -one, 0)), frame.Orientation{}},
		"no MP4":                {[]byte("RIFF and so on"), frame.Orientation{}},
		"empty":                 {nil, frame.Orientation{}},
	} {
		if got := mp4Orientation(bytes.NewReader(c.file), int64(len(c.file))); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func FuzzMP4(f *testing.F) {
	f.Add(box("moov", track("soun", 0, 1<<16, 0, 0, 1<<16), track("vide", 1, 0, 1<<16, -1<<16, 0)))
	f.Add(longBox("moov", track("vide", 0, 0, 1<<16, -1<<16, 0)))
	f.Fuzz(func(t *testing.T, data []byte) {
		o := mp4Orientation(bytes.NewReader(data), int64(len(data)))
		if o.Degrees%90 != 0 {
			t.Errorf("%+v", o)
		}
	})
}
