package patches

import (
	"bytes"
	"errors"
	"os"
)

// Untag changes an MPEG transport stream that x264enc has made with limited range, so that it states no matrix: its primaries, transfer
// function and matrix become 2, unspecified. x264enc itself always states them.
func Untag(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	set := []byte{0, 0, 1, 0x67} // begins a sequence parameter set (ITU-R H.264, 7.3.1)
	changed := 0
	for at := bytes.Index(data, set); at >= 0; {
		rest := data[at+len(set):]
		if untagSet(rest[:min(64, len(rest))]) {
			changed++
		}
		next := bytes.Index(rest, set)
		if next < 0 {
			break
		}
		at += len(set) + next
	}
	if changed == 0 {
		return errors.New(path + ": no sequence parameter set states a matrix")
	}
	return os.WriteFile(path, data, 0o600)
}

// untagSet does that in a sequence parameter set. Before the three bytes are video_signal_type_present_flag, video_format 5,
// video_full_range_flag 0 and colour_description_present_flag (H.264, E.1.1).
func untagSet(set []byte) bool {
	bits := func(at, n int) (v uint32) {
		for i := at; i < at+n; i++ {
			v = v<<1 | uint32(set[i/8]>>(7-i%8)&1)
		}
		return v
	}
	for at := 0; at+30 <= 8*len(set); at++ {
		described := bits(at, 6) == 0b110101
		if colours := bits(at+6, 24); !described || colours != 0x060606 && colours != 0x010101 {
			continue
		}
		for i := range 24 {
			place := at + 6 + i
			set[place/8] &^= 1 << (7 - place%8)
			if i%8 == 6 {
				set[place/8] |= 1 << (7 - place%8)
			}
		}
		return true
	}
	return false
}
