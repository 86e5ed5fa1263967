package unit

import (
	"encoding/hex"
	"regexp"
)

// codecDataField finds the parameter sets in caps.
var codecDataField = regexp.MustCompile(`codec_data=\(buffer\)([0-9a-fA-F]+)`)

// codecData returns the codec_data of caps, nil if they have none.
func codecData(caps string) []byte {
	found := codecDataField.FindStringSubmatch(caps)
	if found == nil {
		return nil
	}
	config, _ := hex.DecodeString(found[1])
	return config
}

// setsOfH264 returns the sequence parameter sets of a decoder configuration record of H.264 (ISO 14496-15, 5.3.3.1.2). What is broken
// is left out.
func setsOfH264(config []byte) [][]byte {
	if len(config) < 6 {
		return nil
	}
	sets, _ := takeSets(config[6:], int(config[5]&0x1F))
	return sets
}

// setsOfH265 is the same for H.265 (8.3.3.1.2).
func setsOfH265(config []byte) (all [][]byte) {
	const head = 22
	if len(config) <= head {
		return nil
	}
	rest := config[head+1:]
	for range config[head] { // arrays of units of one kind
		if len(rest) < 3 {
			break
		}
		kind, count := rest[0]&0x3F, int(rest[1])<<8|int(rest[2])
		var units [][]byte
		if units, rest = takeSets(rest[3:], count); kind == h265SPS {
			all = append(all, units...)
		}
	}
	return all
}

// takeSets takes up to n units, each behind its length in two bytes.
func takeSets(from []byte, n int) (sets [][]byte, rest []byte) {
	for range n {
		if len(from) < 2 {
			return sets, nil
		}
		length := int(from[0])<<8 | int(from[1])
		if from = from[2:]; length > len(from) {
			return sets, nil
		}
		if length > 0 {
			sets = append(sets, from[:length])
		}
		from = from[length:]
	}
	return sets, from
}
