package depay

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/unit"

	"github.com/pion/rtp"
)

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
		"no marker": {[]arrival{{sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, false, 0}, {p1, 2, false, 0}, {p1, 3, false, 0}}, "7 8 5*, 1, 1", 0, "never sets the marker"},
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
		}, "7 8 5*, 1, 1, 1", 0, "never sets the marker"},
		"two fields with one time": {[]arrival{
			{spsOfFields, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, false, 0}, {p1, 1, true, 0}, {p1, 2, false, 0}, {p1, 2, true, 0},
		}, "7 8 5 1*, 1 1", 0, "interlaced"},
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
		}, "7 8 5*, 1, 1", 0, "never sets the marker"},
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
		"another SSRC with each keyframe": {[]arrival{
			{sps, 1, false, 0}, {pps, 1, false, 0}, {idr, 1, true, 0}, {p1, 2, true, 0},
			{sps, 900, false, anew}, {pps, 900, false, 0}, {f[0], 900, false, 0}, {f[1], 900, false, 0}, {f[2], 900, true, 0}, {p1, 901, true, 0},
		}, "7 8 5*, 1, 7 8 5*, 1", 0, ""},
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

func TestUnitsOfH265(t *testing.T) {
	first, next := []byte{0x28, 1, 0xAF, 1, 2, 3, 4, 5}, []byte{0x28, 1, 0x2F, 1, 2}
	p := []byte{0x02, 1, 0xD0, 1}
	fragment := func(mark byte, part []byte) []byte { return append([]byte{49 << 1, 1, mark | 20}, part...) }
	fragments := func(nal []byte, n int) (all []arrival) {
		body := nal[2:]
		step := (len(body) + n - 1) / n
		for i := range n {
			mark := nal[0] >> 1
			if i == 0 {
				mark |= 0x80
			}
			if i == n-1 {
				mark |= 0x40
			}
			part := append([]byte{49 << 1, 1, mark}, body[i*step:min(len(body), (i+1)*step)]...)
			all = append(all, arrival{part, 1, i == n-1, 0})
		}
		return all
	}
	start := []arrival{{hevcVPS, 1, false, 0}, {hevcSPS, 1, false, 0}, {hevcPPS, 1, false, 0}}
	for name, c := range map[string]struct {
		packets []arrival
		want    string
	}{
		"slices":                                {[]arrival{{first, 1, false, 0}, {next, 1, true, 0}, {p, 2, true, 0}}, "32 33 34 20 20*, 1"},
		"a marker on every slice":               {[]arrival{{first, 1, true, 0}, {next, 1, true, 0}, {p, 2, true, 0}}, "32 33 34 20 20*, 1"},
		"fragments":                             {[]arrival{{fragment(0x80, first[2:5]), 1, false, 0}, {fragment(0x40, first[5:]), 1, true, 0}, {p, 2, true, 0}}, "32 33 34 20*, 1"},
		"an SEI behind":                         {[]arrival{{first, 1, false, 0}, {[]byte{40 << 1, 1, 5}, 1, true, 0}, {p, 2, true, 0}}, "32 33 34 20 40*, 1"},
		"parameter sets once":                   {[]arrival{{first, 1, true, 0}, {first, 2, true, 0}}, "32 33 34 20*, 32 33 34 20*"},
		"two pictures with one time":            {[]arrival{{first, 1, true, 0}, {p, 1, true, 0}, {p, 2, true, 0}, {p, 2, true, 0}}, "32 33 34 20*, 1, 1, 1"},
		"two pictures with one time, no marker": {[]arrival{{first, 1, false, 0}, {p, 1, false, 0}, {p, 2, false, 0}}, "32 33 34 20*, 1, 1"},
		"start codes inside fragments":          {append(fragments(joined(hevcVPS, hevcSPS, hevcPPS, first), 3), arrival{p, 2, true, 0}), "32 33 34 32 33 34 20*, 1"},
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
