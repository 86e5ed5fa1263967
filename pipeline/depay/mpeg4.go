package depay

import (
	"bytes"
	"math/bits"

	readbits "github.com/bluenviron/mediacommon/v2/pkg/bits"
)

// mpeg4Key reports whether an access unit of MPEG-4 Visual has a picture that is decodable by itself: vop_coding_type is 0
// (ISO/IEC 14496-2, 6.2.5).
func mpeg4Key(data []byte) bool {
	at := bytes.Index(data, []byte{0, 0, 1, 0xB6})
	return at >= 0 && at+4 < len(data) && data[at+4]>>6 == 0
}

// mpeg4Size reads the size of the pictures from a video object layer (ISO/IEC 14496-2, 6.2.3); 0 if there is none.
func mpeg4Size(data []byte) (width, height int) {
	for {
		at := bytes.Index(data, startCode[1:])
		if at < 0 || at+4 > len(data) {
			return 0, 0
		}
		data = data[at+3:]
		if data[0]>>4 == 2 { // video_object_layer_start_code
			return mpeg4Layer(data[1:])
		}
	}
}

func mpeg4Layer(data []byte) (width, height int) {
	at, failed := 0, false
	read := func(n int) uint64 {
		v, err := readbits.ReadBits(data, &at, n)
		failed = failed || err != nil
		return v
	}
	read(1 + 8) // random_accessible_vol, video_object_type_indication
	version := uint64(1)
	if read(1) == 1 {
		version = read(4)
		read(3)
	}
	if read(4) == 15 { // the shape of the pixels follows
		read(8 + 8)
	}
	if read(1) == 1 { // vol_control_parameters
		read(2 + 1)
		if read(1) == 1 {
			read(64)
			read(15) // vbv_parameters
		}
	}
	shape := read(2)
	if shape == 3 && version != 1 {
		read(4)
	}
	read(1)
	resolution := read(16)
	read(1)
	if read(1) == 1 { // fixed_vop_rate
		read(max(1, bits.Len64(resolution-1)))
	}
	if failed || shape != 0 || resolution == 0 {
		return 0, 0
	}
	read(1)
	width = int(read(13))
	read(1)
	height = int(read(13))
	if failed {
		return 0, 0
	}
	return width, height
}
