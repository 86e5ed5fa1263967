package unit

import (
	"iter"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
)

// av1Sizes reads what units of AV1 claim. It keeps what the newest sequence header says.
type av1Sizes struct {
	reduced          bool // reduced_still_picture_header
	widthBits        int
	heightBits       int
	width, height    int
	timeBits         int  // of a frame's time of presentation, 0 if frames have none
	idBits           int  // of a frame's number, 0 if frames have none
	screen, integral int  // seq_force_screen_content_tools and seq_force_integer_mv; 2 where the frame says
	known            bool // there was a sequence header
}

// The types of OBUs that state a size (AV1 Bitstream & Decoding Process Specification, 6.2.2).
const (
	obuSequence, obuFrameHeader, obuFrame = 1, 3, 6
)

// claims yields what a temporal unit claims. A sequence header bounds the size of the frames, except of those that state their own:
// they claim as much as they can state.
func (s *av1Sizes) claims(unit []byte) iter.Seq[claim] {
	return func(yield func(claim) bool) {
		var obus av1.Bitstream
		if obus.Unmarshal(unit) != nil {
			return
		}
		for _, obu := range obus {
			content := contentOfOBU(obu)
			switch obu[0] >> 3 & 0xF {
			case obuSequence:
				s.read(content)
				if s.known && !yield(claim{width: s.width, height: s.height, kept: keptOfVP9}) {
					return
				}
			case obuFrameHeader, obuFrame:
				if s.known && s.overridden(content) && !yield(claim{width: 1 << s.widthBits, height: 1 << s.heightBits, kept: keptOfVP9}) {
					return
				}
			}
		}
	}
}

// contentOfOBU is an OBU without its head (5.3.2).
func contentOfOBU(obu []byte) []byte {
	at := 1
	if obu[0]&4 != 0 { // obu_extension_flag
		at++
	}
	if obu[0]&2 != 0 { // obu_has_size_field
		for at < len(obu) && obu[at]&0x80 != 0 {
			at++
		}
		at++
	}
	return obu[min(at, len(obu)):]
}

// read reads a sequence header up to what the heads of frames depend on (5.5). It forgets the previous one.
func (s *av1Sizes) read(header []byte) {
	r := &bitReader{data: header}
	*s = av1Sizes{screen: 2, integral: 2}
	r.bits(3 + 1) // seq_profile, still_picture
	s.reduced = r.flag()
	if s.reduced {
		r.bits(5)
	} else {
		s.readOperatingPoints(r)
	}
	s.widthBits, s.heightBits = r.bits(4)+1, r.bits(4)+1
	s.width, s.height = r.bits(s.widthBits)+1, r.bits(s.heightBits)+1
	if !s.reduced && r.flag() { // frame_id_numbers_present_flag
		s.idBits = r.bits(4) + 2
		s.idBits += r.bits(3) + 1
	}
	r.bits(3) // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
	if !s.reduced {
		r.bits(4)     // up to enable_dual_filter
		if r.flag() { // enable_order_hint
			r.bits(2)
		}
		if !r.flag() { // seq_choose_screen_content_tools
			s.screen = r.bits(1)
		}
		if s.screen > 0 && !r.flag() { // seq_choose_integer_mv
			s.integral = r.bits(1)
		}
	}
	s.known = !r.over
}

// readOperatingPoints reads what stands before the size.
func (s *av1Sizes) readOperatingPoints(r *bitReader) {
	delayBits := 0
	if r.flag() { // timing_info_present_flag
		r.bits(32)
		r.bits(32)
		equal := r.flag() // equal_picture_interval
		if equal {
			zeros := 0
			for !r.over && !r.flag() { // uvlc (4.10.3)
				zeros++
			}
			r.bits(min(zeros, 32))
		}
		if r.flag() { // decoder_model_info_present_flag
			delayBits = r.bits(5) + 1
			r.bits(32 + 5)
			if timeBits := r.bits(5) + 1; !equal {
				s.timeBits = timeBits
			}
		}
	}
	delays := r.flag() // initial_display_delay_present_flag
	for range r.bits(5) + 1 {
		r.bits(12)
		if r.bits(5) > 7 { // seq_level_idx, which a seq_tier follows
			r.bits(1)
		}
		if delayBits > 0 && r.flag() {
			r.bits(delayBits)
			r.bits(delayBits)
			r.bits(1)
		}
		if delays && r.flag() {
			r.bits(4)
		}
	}
}

// overridden reports whether a frame states its own size (5.9.2).
func (s *av1Sizes) overridden(frame []byte) bool {
	const key, change = 0, 3
	r := &bitReader{data: frame}
	if s.reduced || r.flag() { // show_existing_frame
		return false
	}
	kind, shown := r.bits(2), r.flag()
	if shown {
		r.bits(s.timeBits)
	} else {
		r.bits(1) // showable_frame
	}
	if kind != change && !(kind == key && shown) {
		r.bits(1) // error_resilient_mode
	}
	r.bits(1) // disable_cdf_update
	screen := s.screen
	if screen == 2 {
		screen = r.bits(1)
	}
	if screen == 1 && s.integral == 2 {
		r.bits(1)
	}
	r.bits(s.idBits)
	return kind == change || r.flag()
}
