package depay

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/unit"

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
	skips   int // packets before it that are lost
}

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
	number := uint16(65530)
	for _, a := range arrivals {
		number += uint16(1 + a.skips)
		r.Packet(&rtp.Packet{
			Header:  rtp.Header{Version: 2, SequenceNumber: number, Timestamp: a.time, Marker: a.marker},
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

// TestUnitsOfH264 has streams as cameras send them. The next report is a row.
func TestUnitsOfH264(t *testing.T) {
	long := append(bytes.Clone(idr), bytes.Repeat([]byte{0x55}, 30)...)
	f := fu(long, 3)
	v380 := fu(joined(sps, pps, long), 4)
	stap := []byte{h264STAPA}
	for _, nal := range [][]byte{sps, pps, idr} {
		stap = append(stap, byte(len(nal)>>8), byte(len(nal)))
		stap = append(stap, nal...)
	}
	for name, c := range map[string]struct {
		packets []arrival
		want    string
		broken  int
		odd     string
	}{
		"by the standard": {[]arrival{{sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, true, 0}, {p1, 2, true, 0}, {p1, 3, true, 0}}, "7 8 5*, 1, 1", 0, ""},
		"slices": {[]arrival{
			{sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, false, 0}, {idrNext, 1, true, 0}, {p1, 2, false, 0}, {pNext, 2, true, 0},
		}, "7 8 5 5*, 1 1", 0, ""},
		"no marker": {[]arrival{{sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, false, 0}, {p1, 2, false, 0}, {p1, 3, false, 0}}, "7 8 5*, 1, 1", 0, ""},
		"a marker on every NAL unit": {[]arrival{
			{sps, 1, true, 0}, {pps, 1, true, 0}, {sei, 1, true, 0}, {idr, 1, true, 0}, {p1, 2, true, 0},
		}, "7 8 6 5*, 1", 0, ""},
		"a marker on every slice": {[]arrival{
			{sps, 1, true, 0}, {pps, 1, true, 0}, {idr, 1, true, 0}, {idrNext, 1, true, 0}, {p1, 2, true, 0}, {pNext, 2, true, 0}, {p1, 3, true, 0}, {pNext, 3, true, 0},
		}, "7 8 5 5*, 1 1, 1 1", 0, "marker"},
		"a marker on every slice, later": {[]arrival{
			{sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, true, 0}, {p1, 2, true, 0},
			{p1, 3, true, 0}, {pNext, 3, true, 0}, {p1, 4, true, 0}, {pNext, 4, true, 0}, {p1, 5, true, 0},
		}, "7 8 5*, 1, 1, 1 1, 1", 0, "marker"},
		"two pictures with one time": {[]arrival{
			{sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, true, 0}, {p1, 1, true, 0}, {p1, 2, true, 0}, {p1, 2, true, 0},
		}, "7 8 5*, 1, 1, 1", 0, ""},
		"two pictures with one time, no marker": {[]arrival{
			{sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, false, 0}, {p1, 1, false, 0}, {p1, 2, false, 0}, {p1, 2, false, 0},
		}, "7 8 5*, 1, 1, 1", 0, ""},
		"two fields with one time": {[]arrival{
			{spsOfFields, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, false, 0}, {p1, 1, true, 0}, {p1, 2, false, 0}, {p1, 2, true, 0},
		}, "7 8 5 1*, 1 1", 0, ""},
		"parameter sets with a marker and the time before": {[]arrival{
			{sps, 0, true, 0}, {pps, 0, false, 0}, {idr, 1, true, 0}, {p1, 2, true, 0}, {sps, 2, true, 0}, {pps, 2, false, 0}, {idr, 3, true, 0}, {p1, 4, true, 0},
		}, "7 8 5*, 1, 7 8 5*, 1", 0, ""},
		"parameter sets with times of their own": {[]arrival{{sps, 1, true, 0}, {pps, 2, true, 0}, {sei, 3, true, 0}, {idr, 4, true, 0}, {p1, 5, true, 0}}, "7 8 6 5*, 1", 0, ""},
		"parameter sets once":                    {[]arrival{{sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, true, 0}, {p1, 2, true, 0}, {idr, 3, true, 0}}, "7 8 5*, 1, 7 8 5*", 0, ""},
		"delimiters and filler": {[]arrival{
			{aud, 1, false, 0}, {sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, false, 0}, {[]byte{12, 0xFF}, 1, true, 0}, {aud, 2, false, 0}, {p1, 2, true, 0},
		}, "7 8 5*, 1", 0, ""},
		"delimiters and one time for all": {[]arrival{
			{sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, false, 0}, {aud, 1, false, 0}, {p1, 1, false, 0}, {aud, 1, false, 0}, {p1, 1, false, 0},
		}, "7 8 5*, 1, 1", 0, ""},
		"several in a packet": {[]arrival{{stap, 1, true, 0}, {p1, 2, true, 0}}, "7 8 5*, 1", 0, ""},
		"fragments":           {[]arrival{{sps, 1, false, 0}, {pps, 1, false, 0}, {f[0], 1, false, 0}, {f[1], 1, false, 0}, {f[2], 1, true, 0}, {p1, 2, true, 0}}, "7 8 5*, 1", 0, ""},
		"start codes inside fragments": {[]arrival{
			{v380[0], 1, false, 0}, {v380[1], 1, false, 0}, {v380[2], 1, false, 0}, {v380[3], 1, true, 0}, {p1, 2, true, 0},
		}, "7 8 5*, 1", 0, "start codes"},
		"start codes before each": {[]arrival{
			{append(bytes.Clone(startCode), sps...), 1, false, 0}, {append([]byte{0, 0, 1}, pps...), 1, false, 0},
			{append(bytes.Clone(startCode), idr...), 1, true, 0}, {append(bytes.Clone(startCode), p1...), 2, true, 0},
		}, "7 8 5*, 1", 0, "start codes"},
		"empty packets and such of a byte": {[]arrival{
			{nil, 1, false, 0}, {sps, 1, false, 0}, {pps, 1, false, 0}, {[]byte{0x1C}, 1, false, 0}, {[]byte{0}, 1, false, 0}, {idr, 1, true, 0}, {p1, 2, true, 0},
		}, "7 8 5*, 1", 0, ""},
		"it begins in the middle of a picture": {[]arrival{{idrNext, 1, true, 0}, {sps, 2, false, 0}, {pps, 2, false, 0}, {idr, 2, true, 0}, {p1, 3, true, 0}}, "7 8 5*, 1", 0, ""},
		"it begins in the middle of a slice":   {[]arrival{{f[1], 1, false, 0}, {f[2], 1, true, 0}, {sps, 2, false, 0}, {pps, 2, false, 0}, {idr, 2, true, 0}}, "7 8 5*", 0, ""},
		"the last packet is lost": {[]arrival{
			{sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, true, 0}, {p1, 2, true, 0}, {p1, 3, false, 0}, {p1, 4, true, 1}, {p1, 5, true, 0},
		}, "7 8 5*, 1, 1, 1", 1, ""},
		"a fragment is lost": {[]arrival{
			{sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, true, 0}, {p1, 2, true, 0}, {f[0], 3, false, 0}, {f[2], 3, true, 1}, {p1, 4, true, 0},
		}, "7 8 5*, 1, 1", 1, ""},
		"the last fragment never comes": {[]arrival{
			{sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, true, 0}, {p1, 2, true, 0}, {f[0], 3, false, 0}, {pNext, 3, true, 0}, {p1, 4, true, 0},
		}, "7 8 5*, 1, 1, 1", 0, ""},
		"the first fragments are lost": {[]arrival{
			{sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, true, 0}, {p1, 2, true, 0}, {f[2], 3, true, 2}, {p1, 4, true, 0},
		}, "7 8 5*, 1, 1", 1, ""},
		"a slice is lost": {[]arrival{
			{sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, false, 0}, {idrNext, 1, true, 0}, {p1, 2, false, 0}, {pNext, 2, true, 1}, {p1, 3, false, 0}, {pNext, 3, true, 0},
		}, "7 8 5 5*, 1 1, 1 1", 1, ""},
		"a whole picture is lost": {[]arrival{
			{sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, true, 0}, {p1, 2, true, 0}, {p1, 4, true, 1}, {p1, 5, true, 0},
		}, "7 8 5*, 1, 1, 1", 1, ""},
		"the first slice of a keyframe is lost": {[]arrival{
			{sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, false, 0}, {idrNext, 1, true, 0}, {p1, 2, true, 0}, {idrNext, 3, true, 1}, {p1, 4, true, 0},
		}, "7 8 5 5*, 1, 1", 1, ""},
		"prefixes before slices": {[]arrival{
			{sps, 1, false, 0}, {pps, 1, false, 0}, {prefix, 1, false, 0}, {idr, 1, false, 0}, {prefix, 1, false, 0}, {idrNext, 1, true, 0}, {p1, 2, true, 0},
		}, "7 8 14 5 14 5*, 1", 0, ""},
		"start codes without end": {[]arrival{
			{append([]byte{0x06}, bytes.Repeat([]byte{0, 0, 1}, 400)...), 1, false, 0}, {sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, true, 0}, {p1, 2, true, 0},
		}, "6 7 8 5*, 1", 0, "start codes"},
		"the same packet twice": {[]arrival{{sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, true, 0}, {idr, 1, true, -1}, {p1, 2, true, 0}}, "7 8 5*, 1", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := receive(t, Media{Encoding: "H264"}, c.packets...)
			if got.String() != c.want || got.broken != c.broken {
				t.Errorf("%s; %d broken, want %s; %d", got, got.broken, c.want, c.broken)
			}
			if c.odd == "" && len(got.odd) > 0 || c.odd != "" && (len(got.odd) != 1 || !strings.Contains(got.odd[0], c.odd)) {
				t.Errorf("odd: %q, want %q", got.odd, c.odd)
			}
		})
	}
}

// TestRecoveryPointsGetParameterSets, since a decoder may begin there if a camera sends no keyframes (H.264, D.2.8).
func TestRecoveryPointsGetParameterSets(t *testing.T) {
	point := []byte{0x06, 0x06, 0x02, 0x04, 0xC4, 0x80} // recovery_frame_cnt is 24
	sets := base64.StdEncoding.EncodeToString(sps) + "," + base64.StdEncoding.EncodeToString(pps)
	got := receive(t, Media{Encoding: "H264", Parameters: map[string]string{"sprop-parameter-sets": sets}},
		arrival{p1, 1, true, 0}, arrival{point, 2, false, 0}, arrival{p1, 2, true, 0}, arrival{p1, 3, true, 0})
	if want := "1, 7 8 6 1, 1"; got.String() != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestParameterSetsOfTheDescription are used as long as the stream has no others.
func TestParameterSetsOfTheDescription(t *testing.T) {
	encoded := func(nal []byte) string { return base64.StdEncoding.EncodeToString(nal) }
	bare := []arrival{{idr, 1, true, 0}, {p1, 2, true, 0}}
	whole := []arrival{{sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, true, 0}, {p1, 2, true, 0}}
	for name, c := range map[string]struct {
		sprop   string
		packets []arrival
		want    string
		width   int
	}{
		"only there":         {encoded(sps) + "," + encoded(pps), bare, "7 8 5*, 1", 640},
		"in the other order": {encoded(pps) + "," + encoded(sps), bare, "7 8 5*, 1", 640},
		"of another size":    {encoded(spsOfFields) + "," + encoded(pps), whole, "7 8 5*, 1", 640},
		"only one":           {encoded(sps) + ",", whole, "7 8 5*, 1", 640},
		"nonsense":           {"QUJDREVG,R0hJSg==", whole, "7 8 5*, 1", 640},
		"without padding":    {strings.TrimRight(encoded(sps), "=") + "," + strings.TrimRight(encoded(pps), "="), bare, "7 8 5*, 1", 640},
		"no Base64":          {"Z00AH+dAKALd@@@,KO48", whole, "7 8 5*, 1", 640},
		"with start codes":   {encoded(append(bytes.Clone(startCode), sps...)) + "," + encoded(append([]byte{0, 0, 1}, pps...)), bare, "7 8 5*, 1", 640},
	} {
		got := receive(t, Media{Encoding: "H264", Parameters: map[string]string{"sprop-parameter-sets": c.sprop}}, c.packets...)
		if got.String() != c.want || len(got.all) == 0 || got.all[0].Format.Stream.Width != c.width {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := receive(t, Media{Encoding: "H264"}, bare...); len(got.all) > 0 || got.sizeless != 1 || got.unknown != 1 {
		t.Errorf("without any: %s; reported %d times", got, got.sizeless)
	}
}

// TestFormatsSayWhatDecodersNeed compares whole caps, since decoders choose by them.
func TestFormatsSayWhatDecodersNeed(t *testing.T) {
	h264 := receive(t, Media{Encoding: "H264"}, arrival{sps, 1, false, 0}, arrival{pps, 1, false, 0}, arrival{idr, 1, true, 0}, arrival{idr, 2, true, 0})
	want := "video/x-h264, width=(int)640, height=(int)360, stream-format=(string)byte-stream, alignment=(string)au, parsed=(boolean)true, " +
		"profile=(string)high, level=(string)3, pixel-aspect-ratio=(fraction)1/1, framerate=(fraction)50/2"
	if f := h264.all[0].Format; f.Caps != want || f.Stream.FPS != 25 || f != h264.all[1].Format {
		t.Errorf("%+v", f)
	}
	h265 := receive(t, Media{Encoding: "H265"}, arrival{hevcVPS, 1, false, 0}, arrival{hevcSPS, 1, false, 0}, arrival{hevcPPS, 1, false, 0}, arrival{[]byte{0x28, 1, 0xAF, 1}, 1, true, 0})
	want = "video/x-h265, width=(int)640, height=(int)360, stream-format=(string)byte-stream, alignment=(string)au, parsed=(boolean)true, " +
		"profile=(string)main, pixel-aspect-ratio=(fraction)1/1, framerate=(fraction)25/1"
	if f := h265.all[0].Format; f.Caps != want || f.Stream.FPS != 25 {
		t.Errorf("%+v", f)
	}
	changed := receive(t, Media{Encoding: "H264"}, arrival{sps, 1, false, 0}, arrival{pps, 1, false, 0}, arrival{idr, 1, true, 0}, arrival{spsOfFields, 2, false, 0}, arrival{idr, 2, true, 0})
	if a, b := changed.all[0].Format, changed.all[1].Format; a == b || b.Stream.Width != 704 || !strings.Contains(b.Caps, "pixel-aspect-ratio=(fraction)16/11") || b.Stream.PixelAspect != (frame.Ratio{Width: 16, Height: 11}) {
		t.Errorf("after a change: %+v", b)
	}
}

func TestUnitsOfH265(t *testing.T) {
	first, next := []byte{0x28, 1, 0xAF, 1, 2, 3, 4, 5}, []byte{0x28, 1, 0x2F, 1, 2}
	p := []byte{0x02, 1, 0xD0, 1}
	fragment := func(mark byte, part []byte) []byte { return append([]byte{49 << 1, 1, mark | 20}, part...) }
	start := []arrival{{hevcVPS, 1, false, 0}, {hevcSPS, 1, false, 0}, {hevcPPS, 1, false, 0}}
	for name, c := range map[string]struct {
		packets []arrival
		want    string
	}{
		"slices":                  {[]arrival{{first, 1, false, 0}, {next, 1, true, 0}, {p, 2, true, 0}}, "32 33 34 20 20*, 1"},
		"a marker on every slice": {[]arrival{{first, 1, true, 0}, {next, 1, true, 0}, {p, 2, true, 0}}, "32 33 34 20 20*, 1"},
		"fragments":               {[]arrival{{fragment(0x80, first[2:5]), 1, false, 0}, {fragment(0x40, first[5:]), 1, true, 0}, {p, 2, true, 0}}, "32 33 34 20*, 1"},
		"an SEI behind":           {[]arrival{{first, 1, false, 0}, {[]byte{40 << 1, 1, 5}, 1, true, 0}, {p, 2, true, 0}}, "32 33 34 20 40*, 1"},
		"parameter sets once":     {[]arrival{{first, 1, true, 0}, {first, 2, true, 0}}, "32 33 34 20*, 32 33 34 20*"},
	} {
		if got := receive(t, Media{Encoding: "H265"}, append(slices.Clone(start), c.packets...)...); got.String() != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestUnitThatIsTooLargeIsDropped and not kept either.
func TestUnitThatIsTooLargeIsDropped(t *testing.T) {
	u := &units{t: t}
	r := New(Media{Encoding: "H264", Clock: 90000}, u.sink())
	number := uint16(0)
	send := func(payload []byte, at uint32, marker bool) {
		number++
		r.Packet(&rtp.Packet{Header: rtp.Header{SequenceNumber: number, Timestamp: at, Marker: marker}, Payload: payload}, time.Time{})
	}
	send(sps, 1, false)
	send(pps, 1, false)
	send(idr, 1, true)
	part := append([]byte{0x7C, 0x05}, make([]byte, 60000)...)
	send(append([]byte{0x7C, 0x85}, idr[1:]...), 2, false)
	for range unit.BufferLimit/60000 + 10 {
		send(part, 2, false)
	}
	send(idr, 3, true)
	send(p1, 4, true)
	if u.large <= unit.BufferLimit || u.String() != "7 8 5*, 7 8 5*, 1" {
		t.Errorf("%d bytes were dropped; %s", u.large, u)
	}
}

// TestTimesFollowTheClockOfTheCamera across its overflow, and back for B-frames.
func TestTimesFollowTheClockOfTheCamera(t *testing.T) {
	c := clock{rate: 90000}
	begin := c.at(1<<32 - 9000)
	for at, want := range map[uint32]time.Duration{0: 100 * time.Millisecond} {
		if got := c.at(at) - begin; got != want {
			t.Errorf("%d: %v, want %v", at, got, want)
		}
	}
	if got := c.at(1<<32-18000) - begin; got != -100*time.Millisecond {
		t.Errorf("back: %v", got)
	}
	days := clock{rate: 90000}
	first := days.at(0)
	var last time.Duration
	for i := uint32(1); i <= 2000; i++ { // a month
		last = days.at(i * 90000 * 1296)
	}
	if got := last - first; got != 2000*1296*time.Second {
		t.Errorf("after a month: %v", got)
	}
}

// FuzzPackets: whatever a camera sends, no receiver fails, and no unit is larger than its limit.
func FuzzPackets(f *testing.F) {
	encodings := slices.Sorted(maps.Keys(receivers))
	f.Add(uint8(1), joined(sps, pps, idr), uint8(7), true)
	f.Add(uint8(2), hevcSPS, uint8(50), false)
	f.Add(uint8(4), []byte{0, 0, 0, 0, 1, 255, 80, 45, 0, 0, 0, 2, 1, 2, 3}, uint8(100), true)
	f.Add(uint8(0), []byte{0x18, 0x0A, 1}, uint8(3), false)
	f.Add(uint8(6), []byte{0x10, 0, 0, 0, 0x9D, 1, 0x2A, 1, 0, 1, 0}, uint8(20), true)
	f.Add(uint8(7), []byte{0x0C, 0x82, 0x49, 0x83, 0x42}, uint8(20), true)
	f.Add(uint8(5), []byte{0, 0, 1, 0xB6, 0, 0, 0, 1, 0x20, 1}, uint8(20), true)
	f.Fuzz(func(t *testing.T, which uint8, data []byte, size uint8, marker bool) {
		encoding := encodings[int(which)%len(encodings)]
		u := &units{t: t}
		m := Media{Encoding: encoding, Clock: 90000, Parameters: map[string]string{
			"sprop-parameter-sets": base64.StdEncoding.EncodeToString(data), "sprop-sps": base64.StdEncoding.EncodeToString(data), "config": fmt.Sprintf("%x", data),
		}}
		r := New(m, u.sink())
		for n := uint16(0); len(data) > 0; n++ {
			part := data[:min(len(data), int(size)+1)]
			data = data[len(part):]
			r.Packet(&rtp.Packet{Header: rtp.Header{SequenceNumber: n, Timestamp: uint32(n / 2), Marker: marker && n%2 == 1}, Payload: part}, time.Time{})
		}
		r.State()
		r.Flush()
		for _, one := range u.all {
			if len(one.Data) == 0 || one.Format == nil || one.Format.Stream.Width <= 0 {
				t.Errorf("%+v", one)
			}
		}
	})
}

// TestPacketOfManyTinyPicturesIsCut since each would be an access unit.
func TestPacketOfManyTinyPicturesIsCut(t *testing.T) {
	tiny := []byte{h264STAPA}
	for range 15_000 {
		tiny = append(tiny, 0, 2, 0x41, 0x9A)
	}
	codes := bytes.Repeat([]byte{0, 0, 1, 0x06, 0x05}, 12_000) // SEI, with start codes between them
	u := receive(t, Media{Encoding: "H264"},
		arrival{sps, 1, false, 0}, arrival{pps, 1, false, 0}, arrival{idr, 1, true, 0},
		arrival{tiny, 2, true, 0}, arrival{codes[3:], 3, false, 0}, arrival{p1, 3, true, 0}, arrival{p1, 4, true, 0})
	if n := len(u.all); n > 2*maxNALs {
		t.Errorf("a packet became %d units", n)
	}
	for _, one := range u.all {
		if len(one.Data) > 10*maxNALs {
			t.Errorf("a packet became a unit of %d bytes", len(one.Data))
		}
	}
	if last := u.all[len(u.all)-1]; !bytes.HasSuffix(last.Data, p1) {
		t.Error("the pictures after it are missing")
	}
}

// TestParameterSetsThatOnlyADecoderCouldReadAreLeftOut, of packets, of fragments and of the description: they say how much memory it takes.
func TestParameterSetsThatOnlyADecoderCouldReadAreLeftOut(t *testing.T) {
	odd := append(bytes.Clone(sps[:6]), 0x99)
	long := append(bytes.Clone(sps), bytes.Repeat([]byte{0xFF}, maxSet)...)
	for name, bad := range map[string][]byte{"unreadable": odd, "long": long} {
		packets := []arrival{{sps, 1, false, 0}, {pps, 1, false, 0}, {bad, 1, false, 0}}
		for _, part := range fu(bad, 3) {
			packets = append(packets, arrival{part, 1, false, 0})
		}
		packets = append(packets, arrival{idr, 1, true, 0}, arrival{p1, 2, true, 0})
		got := receive(t, Media{Encoding: "H264", Parameters: map[string]string{
			"sprop-parameter-sets": base64.StdEncoding.EncodeToString(sps) + "," + base64.StdEncoding.EncodeToString(bad)}}, packets...)
		if got.String() != "7 8 5*, 1" || bytes.Contains(got.all[0].Data, bad) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestFormatSaysWhetherTheMatrixIsStated(t *testing.T) {
	for name, c := range map[string]struct {
		read     func([]byte) (*unit.Format, bool)
		set      string
		untagged bool
	}{
		"H.264 with a description": {h264Format, "67640028acb403c0113f2e02d4040405000003000100000300328f1832a0", false},
		"H.264 without":            {h264Format, "6742001eda0a3440", true},
	} {
		set, err := hex.DecodeString(c.set)
		if err != nil {
			t.Fatal(err)
		}
		if f, _ := c.read(set); f == nil || f.Untagged != c.untagged {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
