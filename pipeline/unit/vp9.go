package unit

import "iter"

// claimsOfVP9 yields what the frames of a unit claim that state a size. A frame need not be a keyframe for that.
func claimsOfVP9(unit []byte) iter.Seq[claim] {
	return func(yield func(claim) bool) {
		for frame := range framesOfVP9(unit) {
			if width, height, ok := sizeOfVP9(frame); ok && !yield(claim{width: width, height: height, kept: keptOfVP9}) {
				return
			}
		}
	}
}

// keptOfVP9 is how many pictures a decoder of VP9 or AV1 keeps, whatever the stream says.
const keptOfVP9 = 8

// framesOfVP9 yields the frames of a unit, which may be a superframe (VP9 Bitstream & Decoding Process Specification, annex B).
func framesOfVP9(unit []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if len(unit) == 0 {
			return
		}
		mark := unit[len(unit)-1]
		frames, bytes := int(mark&7)+1, int(mark>>3&3)+1
		index := 2 + frames*bytes
		if mark>>5 != 6 || len(unit) < index || unit[len(unit)-index] != mark {
			yield(unit)
			return
		}
		sizes := unit[len(unit)-index+1:]
		for range frames {
			size := 0
			for i := range bytes {
				size |= int(sizes[i]) << (8 * i)
			}
			sizes = sizes[bytes:]
			if size > len(unit) {
				return
			}
			if size > 0 && !yield(unit[:size]) {
				return
			}
			unit = unit[size:]
		}
	}
}

// sizeOfVP9 reads the size that the head of a frame states (6.2). ok is false if it takes that of another frame.
func sizeOfVP9(frame []byte) (width, height int, ok bool) {
	r := &bitReader{data: frame}
	if r.bits(2) != 2 { // frame_marker
		return 0, 0, false
	}
	profile := r.bits(1) | r.bits(1)<<1
	if profile == 3 {
		r.bits(1)
	}
	if r.flag() { // show_existing_frame
		return 0, 0, false
	}
	inter, shown, resilient := r.flag(), r.flag(), r.flag()
	if !inter {
		r.bits(24) // frame_sync_code
		skipColoursOfVP9(r, profile)
		return r.bits(16) + 1, r.bits(16) + 1, !r.over
	}
	intraOnly := !shown && r.flag()
	if !resilient {
		r.bits(2) // reset_frame_context
	}
	if intraOnly {
		r.bits(24)
		if profile > 0 {
			skipColoursOfVP9(r, profile)
		}
		r.bits(8) // refresh_frame_flags
		return r.bits(16) + 1, r.bits(16) + 1, !r.over
	}
	r.bits(8 + 3*4) // refresh_frame_flags, ref_frame_idx and ref_frame_sign_bias of three frames
	for range 3 {
		if r.flag() { // found_ref
			return 0, 0, false
		}
	}
	return r.bits(16) + 1, r.bits(16) + 1, !r.over
}

// skipColoursOfVP9 skips color_config (6.2.2).
func skipColoursOfVP9(r *bitReader, profile int) {
	if profile >= 2 {
		r.bits(1)
	}
	const rgb = 7
	space := r.bits(3)
	if space != rgb {
		r.bits(1)
	}
	if profile&1 == 1 {
		if space != rgb {
			r.bits(2)
		}
		r.bits(1)
	}
}
