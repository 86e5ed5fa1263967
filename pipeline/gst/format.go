package gst

import (
	"strings"
	"unsafe"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/unit"

	"github.com/go-gst/go-gst/gst"
)

// codecs has what framegate can decode: GStreamer's media type of a stream, and framegate's name for it.
var codecs = []struct {
	media string
	codec string
	// caps add the form of a feed's units to the media type. In this form a decoder can begin at any keyframe.
	caps string
}{
	{"video/x-h264", "h264", "alignment=au"},
	{"video/x-h265", "h265", "alignment=au"},
	{"video/mpeg", "mpeg4", "mpegversion=4, systemstream=false"},
	{"image/jpeg", "mjpeg", ""},
	{"video/x-vp8", "vp8", ""},
	{"video/x-vp9", "vp9", ""},
	{"video/x-av1", "av1", "alignment=tu"},
	{"video/x-raw", "raw", ""},
}

// Codecs returns the names of all codecs that framegate can decode, in a fixed order. Raw pictures, named raw, are among them.
func Codecs() (names []string) {
	for _, c := range codecs {
		names = append(names, c.codec)
	}
	return names
}

// UnitCaps returns the caps of everything that a feed takes, in GStreamer's notation.
func UnitCaps() Arg {
	var all string
	for _, c := range codecs {
		if all != "" {
			all += "; "
		}
		all += c.media
		if c.caps != "" {
			all += ", " + c.caps
		}
	}
	return Arg(all)
}

// Formats finds the format of a sample and remembers it as long as the caps stay the same. It belongs to whoever reads the
// samples, one goroutine at a time.
type Formats struct {
	caps    *gst.Caps // held so that its address is not used again
	current *unit.Format
}

// Of returns the format of a sample.
func (f *Formats) Of(s Sample) *unit.Format {
	if f.caps != nil && unsafe.Pointer(f.caps.Instance()) == s.caps {
		return f.current
	}
	f.caps = gst.FromGstCapsUnsafeNone(s.caps)
	f.current = &unit.Format{Caps: s.capsString(), Stream: streamOf(f.caps), Untagged: untagged(f.caps)}
	return f.current
}

// untagged reports whether a stream does not state by which matrix its colours were made. The parsers of these codecs pass on what it
// states; of others only the decoder knows it.
func untagged(caps *gst.Caps) bool {
	fields := caps.GetStructureAt(0)
	switch fields.Name() {
	case "video/x-h264", "video/x-h265", "video/x-vp9":
		v, _ := fields.GetValue("parsed")
		colorimetry := stringField(fields, "colorimetry") // a name, or the numbers of range, matrix, transfer and primaries
		numbers := strings.Split(colorimetry, ":")
		return v == true && (colorimetry == "" || len(numbers) == 4 && numbers[1] == "0")
	}
	return false
}

// streamOf reads codec, size and rate from caps. What the caps do not state is zero.
func streamOf(caps *gst.Caps) frame.Stream {
	fields := caps.GetStructureAt(0)
	var s frame.Stream
	for _, c := range codecs {
		if c.media == fields.Name() {
			s.Codec = c.codec
		}
	}
	s.Width = intField(fields, "width")
	s.Height = intField(fields, "height")
	s.PixelAspect = fractionField(fields, "pixel-aspect-ratio")
	s.HDR = hdrOf(stringField(fields, "colorimetry"))
	// A stream may announce nonsense, such as 90000/1: then the rate is measured instead.
	if rate := fractionField(fields, "framerate"); rate.Known() && rate.Value() <= frame.MaxFPS {
		s.FPS = rate.Value()
	}
	return s
}

// hdrOf returns what a colorimetry says of HDR: by its name, or by the third of its numbers, a GstVideoTransferFunction.
func hdrOf(colorimetry string) frame.HDR {
	if numbers := strings.Split(colorimetry, ":"); len(numbers) == 4 {
		colorimetry = numbers[2]
	}
	switch colorimetry {
	case "bt2100-pq", "14":
		return frame.PQ
	case "bt2100-hlg", "15":
		return frame.HLG
	}
	return ""
}

func stringField(s *gst.Structure, name string) string {
	v, err := s.GetValue(name)
	if err != nil {
		return ""
	}
	text, _ := v.(string)
	return text
}

func intField(s *gst.Structure, name string) int {
	v, err := s.GetValue(name)
	if err != nil {
		return 0
	}
	n, _ := v.(int)
	return n
}

func fractionField(s *gst.Structure, name string) frame.Ratio {
	if v, err := s.GetValue(name); err == nil {
		if f, ok := v.(*gst.FractionValue); ok {
			return frame.Ratio{Width: f.Num(), Height: f.Denom()}
		}
	}
	return frame.Ratio{}
}
