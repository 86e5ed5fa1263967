package unit

import (
	"bytes"
	"slices"
	"strings"

	"github.com/bluenviron/mediacommon/v2/pkg/bits"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// Starts finds the access units of H.264 and H.265 at which a decoder may begin: keyframes, and recovery points, which cameras with
// intra refresh send instead. It belongs to one connection.
type Starts struct {
	codec   string
	lengths bool // NAL units follow their length in 4 bytes, else a start code
	fields  bool // an H.264 picture may be a single field, of which two make a frame
	sets    repeated
	excess  string             // see Excess
	held    [maxSets + 1]int64 // by the number of the parameter set; of VP9 and AV1 the largest since the keyframe, at 0
	av1     av1Sizes
}

// NewStarts returns the Starts for units of a format, whose caps say how NAL units are separated.
func NewStarts(f *Format) Starts {
	s := Starts{codec: f.Stream.Codec, lengths: hasLengths(f)}
	switch config := codecData(f.Caps); s.codec {
	case "h264":
		for i, sps := range setsOfH264(config) {
			s.fields = s.fields || i == 0 && mayHaveFields(sps)
			s.claims(claimOfH264(sps))
		}
	case "h265":
		for _, sps := range setsOfH265(config) {
			s.claims(claimOfH265(sps))
		}
	}
	return s
}

// Excess says what the parameter sets so far claim that no decoder must be given, empty if there is no such.
func (s *Starts) Excess() string { return s.excess }

// claims records what the parameter set with a number claims. A later set with the same number replaces it.
func (s *Starts) claims(c claim, id int, ok bool) {
	if text := c.excess(); ok && text != "" {
		s.excess = text
	} else if ok {
		s.held[id] = c.held()
	}
}

// claimsMore records what a frame of VP9 or AV1 claims, besides those since the keyframe.
func (s *Starts) claimsMore(c claim) {
	before := s.held[0]
	s.claims(c, 0, true)
	s.held[0] = max(s.held[0], before)
}

// HeldBytes is how many bytes a decoder takes that is given the largest of the parameter sets, 0 if there was none. Pictures may refer to
// any of them, not only to the newest.
func (s *Starts) HeldBytes() int64 { return slices.Max(s.held[:]) }

// Start says whether a decoder may begin with a unit. The zero Start is that of a unit that needs those before it.
type Start struct {
	Key bool // decodable by itself
	// Recovery is 0 except at a recovery point. There it is the number of further units after which the picture is complete,
	// counting only units that others may refer to.
	Recovery int
	// Assumed says that the unit itself does not state Key or Recovery. A picture of intra slices that is no IDR picture is assumed
	// to be a keyframe, although later pictures may refer to earlier ones. A recovery point is assumed where a camera repeats its
	// parameter sets, as many cameras do where a refresh of the picture begins.
	Assumed bool
}

// Of looks at a unit. key is what the reader of the source says about it: that counts for other codecs, and for a unit without
// any slice.
//
// Readers are mistaken about some units. h264parse calls a unit a keyframe if it has a recovery point or one intra slice (1.22).
// A decoder that began there would show grey.
func (s *Starts) Of(unit []byte, key bool) Start {
	switch s.codec {
	case "h264":
		return s.ofH264(unit, key)
	case "h265":
		return s.ofH265(unit, key)
	case "vp9", "av1":
		if key {
			s.held[0] = 0
		}
		claims := claimsOfVP9
		if s.codec == "av1" {
			claims = s.av1.claims
		}
		for claimed := range claims(unit) {
			s.claimsMore(claimed)
		}
	}
	return Start{Key: key}
}

// The NAL unit types of H.264 (ITU-T H.264, table 7-1) and H.265 (ITU-T H.265, table 7-1) that matter here.
const (
	h264Slice, h264PartA, h264IDR, h264SEI, h264SPS = 1, 2, 5, 6, 7

	h265FirstIRAP, h265LastIRAP, h265LastSlice, h265SPS, h265SEI = 16, 23, 31, 33, 39
)

func (s *Starts) ofH264(unit []byte, key bool) Start {
	recovery, states, hasSets := 0, false, false
	for nal := range nalUnits(unit, s.lengths) {
		switch nal[0] & 0x1F {
		case h264SEI:
			if n, ok := recoveryPoint(s.cut(nal)[1:], bits.ReadGolombUnsigned); ok { // recovery_frame_cnt (D.2.8)
				recovery, states = int(n), true
			}
		case h264SPS:
			hasSets, s.fields = true, mayHaveFields(s.cut(nal))
			s.claims(claimOfH264(s.cut(nal)))
		case h264IDR:
			return Start{Key: true}
		case h264Slice, h264PartA:
			switch {
			case states && recovery > 0 && s.fields:
				return Start{Recovery: 2 * recovery} // it counts frames, and units may be fields
			case states && recovery > 0:
				return Start{Recovery: recovery}
			case states && isIntra(nal): // some encoders write a count of 0 into every picture
				return Start{Key: true}
			case s.allIntra(unit):
				return Start{Key: true, Assumed: true}
			}
			return s.assume(hasSets)
		}
	}
	return Start{Key: key}
}

// assume looks for a recovery point that is not stated.
func (s *Starts) assume(hasSets bool) Start {
	period := s.sets.next(hasSets)
	return Start{Recovery: period, Assumed: period > 0}
}

// allIntra reports whether all slices of an H.264 picture are intra slices. A camera may send one in each picture to refresh it
// gradually.
func (s *Starts) allIntra(unit []byte) bool {
	for nal := range nalUnits(unit, s.lengths) {
		if kind := nal[0] & 0x1F; (kind == h264Slice || kind == h264PartA) && !isIntra(nal) {
			return false
		}
	}
	return true
}

// isIntra reports whether a slice of H.264 is an intra slice.
func isIntra(nal []byte) bool {
	pos, head := 0, nal[1:min(len(nal), 12)]
	if _, err := bits.ReadGolombUnsigned(head, &pos); err != nil { // first_mb_in_slice
		return false
	}
	kind, err := bits.ReadGolombUnsigned(head, &pos)
	return err == nil && (kind%5 == 2 || kind%5 == 4) // slice_type is 2 or 7 for I, 4 or 9 for SI (table 7-6)
}

func (s *Starts) ofH265(unit []byte, key bool) Start {
	recovery, states, hasSets := 0, false, false
	for nal := range nalUnits(unit, s.lengths) {
		switch kind := nal[0] >> 1 & 0x3F; {
		case kind == h265SEI:
			nal = s.cut(nal)
			if n, ok := recoveryPoint(nal[min(2, len(nal)):], bits.ReadGolombSigned); ok { // recovery_poc_cnt (D.3.8)
				recovery, states = max(0, int(n)), true
			}
		case kind == h265SPS:
			hasSets = true
			s.claims(claimOfH265(s.cut(nal)))
		case kind > h265LastSlice:
		case kind >= h265FirstIRAP && kind <= h265LastIRAP: // decoders leave out what precedes a CRA picture in display order
			return Start{Key: true}
		case states:
			return Start{Key: recovery == 0, Recovery: recovery}
		default:
			return s.assume(hasSets)
		}
	}
	return Start{Key: key}
}

// cut returns a NAL unit without the units after it.
func (s *Starts) cut(nal []byte) []byte {
	if i := bytes.Index(nal, []byte{0, 0, 1}); !s.lengths && i >= 0 {
		return nal[:max(i, 1)]
	}
	return nal
}

// seiRecoveryPoint is the payload type of a recovery point (ITU-T H.264, D.1.1; H.265, D.2.1).
const seiRecoveryPoint = 6

// maxSEI is how many bytes of a SEI are looked at.
const maxSEI = 4 << 10

// recoveryPoint finds the recovery point in the messages of a SEI and reads its count.
func recoveryPoint[T int32 | uint32](messages []byte, count func([]byte, *int) (T, error)) (n T, ok bool) {
	rest := h264.EmulationPreventionRemove(messages[:min(len(messages), maxSEI)])
	for len(rest) > 2 {
		var fields [2]int // type and size, each in bytes of 255 and a last one (7.3.2.3.1)
		for i := range fields {
			for len(rest) > 0 && rest[0] == 0xFF {
				fields[i] += 0xFF
				rest = rest[1:]
			}
			if len(rest) == 0 {
				return 0, false
			}
			fields[i] += int(rest[0])
			rest = rest[1:]
		}
		kind, size := fields[0], fields[1]
		if size > len(rest) {
			return 0, false
		}
		if kind == seiRecoveryPoint {
			pos := 0
			n, err := count(rest[:size], &pos)
			return n, err == nil
		}
		rest = rest[size:]
	}
	return 0, false
}

// mayHaveFields reports whether the pictures of an SPS of H.264 may be fields. It is false for a broken SPS.
func mayHaveFields(sps []byte) bool {
	var s h264.SPS
	return s.Unmarshal(sps) == nil && !s.FrameMbsOnlyFlag
}

// hasLengths reports whether the NAL units of a format follow their lengths.
func hasLengths(f *Format) bool {
	return !strings.Contains(f.Caps, "stream-format=(string)byte-stream")
}

// repeated finds the period at which a camera repeats its parameter sets in units that are no keyframes. One that refreshes its
// picture and sends no recovery points, such as that of a Raspberry Pi, does so where each refresh begins.
type repeated struct {
	units  int // since the sets were last repeated
	period int // units between the last two repetitions; 0 if it is not known
}

// minPeriod is the shortest refresh: a camera that sends its parameter sets with each picture says nothing by that.
const minPeriod = 5

// next counts a unit that is no keyframe and no recovery point. If it has parameter sets, and the last two repetitions were at
// the same distance, it returns after how many units the refresh that begins is complete; else 0.
func (r *repeated) next(hasSets bool) (recovery int) {
	r.units++
	if !hasSets {
		return 0
	}
	same := r.period >= minPeriod && r.units == r.period
	r.period, r.units = r.units, 0
	if same {
		return r.period
	}
	return 0
}
