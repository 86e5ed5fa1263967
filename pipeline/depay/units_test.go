package depay

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// The parameter sets of real streams: 640x360 at 25 fps, and 704x576 with fields and pixels of 16:11.
var (
	sps         = decode("Z2QAHqyyAUBf8uAiAAADAAIAAAMAZB4sXJA=")
	pps         = decode("aOvDyyLA")
	spsOfFields = decode("Z2QAHqzZQLAk2CCAAAADAIAAABkPihTL")
	hevcVPS     = decode("QAEMAf//AWAAAAMAkAAAAwAAAwA/lZgJ")
	hevcSPS     = decode("QgEBAWAAAAMAkAAAAwAAAwA/oAUCAWlllZpJMrwFoCAAAAMAIAAAAwMh")
	hevcPPS     = decode("RAHBcrRiQA==")
)

func decode(text string) []byte {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return data
}

// NAL units of H.264 as they begin: the first slice of a picture, and another one.
var (
	idr     = []byte{0x65, 0x88, 0x84, 1, 2, 3}
	idrNext = []byte{0x65, 0x42, 0x21, 4, 5, 6}
	p1      = []byte{0x41, 0x9A, 0x3B, 7, 8, 9}
	pNext   = []byte{0x41, 0x44, 0x3B, 1, 1, 1}
	sei     = []byte{0x06, 0x05, 0x01, 0xAA, 0x80}
	aud     = []byte{0x09, 0xF0}
	prefix  = []byte{0x6E, 0x40, 0x80, 0x07}
)

// arrival is a packet that arrives.
type arrival struct {
	payload []byte
	time    uint32
	marker  bool
	skips   int // packets before it that are lost; from anew on the numbers begin anew, with another SSRC
}

// anew is the number of skips with which another series of packets begins.
const anew = 1000

// units are what came of packets.
type units struct {
	t        testing.TB
	all      []Unit
	broken   int
	large    int
	sizeless int
	unknown  int // units that nothing describes
	odd      []string
}

func (u *units) sink() Sink {
	return Sink{
		Unit:        func(one Unit) { one.Data = bytes.Clone(one.Data); u.all = append(u.all, one) },
		Broken:      func() { u.broken++ },
		TooLarge:    func(bytes int) { u.large = bytes },
		Sizeless:    func() { u.sizeless++ },
		Undescribed: func(time.Duration, time.Time) { u.unknown++ },
		Odd:         func(text string) { u.odd = append(u.odd, text) },
	}
}

// receive gives packets to the receiver of a stream.
func receive(t testing.TB, m Media, arrivals ...arrival) *units {
	u := &units{t: t}
	m.Clock = 90000
	r := New(m, u.sink())
	number, ssrc := uint16(65530), uint32(1)
	for _, a := range arrivals {
		number += uint16(1 + a.skips)
		if a.skips >= anew {
			ssrc++
		}
		r.Packet(&rtp.Packet{
			Header:  rtp.Header{Version: 2, SequenceNumber: number, Timestamp: a.time, Marker: a.marker, SSRC: ssrc},
			Payload: a.payload,
		}, time.Unix(int64(a.time), 0))
	}
	r.Flush()
	return u
}

// String lists the types of the NAL units of each unit, with a star for a keyframe.
func (u *units) String() string {
	var all []string
	for _, one := range u.all {
		var kinds []string
		for i, nal := range bytes.Split(one.Data, startCode) {
			if i > 0 {
				kind := nal[0] & 0x1F
				if one.Format.Stream.Codec == "h265" {
					kind = nal[0] >> 1 & 0x3F
				}
				kinds = append(kinds, fmt.Sprint(kind))
			}
		}
		text := strings.Join(kinds, " ")
		if one.Key {
			text += "*"
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

// fu fragments a NAL unit into n parts (RFC 6184, section 5.8).
func fu(nal []byte, n int) (parts [][]byte) {
	body := nal[1:]
	step := (len(body) + n - 1) / n
	for i := range n {
		head := []byte{nal[0]&0xE0 | h264FUA, nal[0] & 0x1F}
		if i == 0 {
			head[1] |= 0x80
		}
		if i == n-1 {
			head[1] |= 0x40
		}
		parts = append(parts, append(head, body[i*step:min(len(body), (i+1)*step)]...))
	}
	return parts
}

func joined(nals ...[]byte) []byte { return bytes.Join(nals, startCode) }
