package depay

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// jpegPacket is a packet of a JPEG, which may have a header extension.
type jpegPacket struct {
	payload   []byte
	time      uint32
	marker    bool
	extension []byte
}

// testJPEG is a JPEG of 4:2:0 with much detail.
func testJPEG(t testing.TB, width, height int) []byte {
	t.Helper()
	picture := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	for y := range height {
		for x := range width {
			picture.Y[picture.YOffset(x, y)] = byte(x*y ^ x<<3)
		}
	}
	for i := range picture.Cb {
		picture.Cb[i], picture.Cr[i] = 100, 160
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// segments returns the quantization tables, the frame header with its marker, and the scan of a JPEG.
func segments(t testing.TB, data []byte) (tables, frame, scan []byte) {
	t.Helper()
	for at := 2; ; {
		marker, length := data[at+1], int(binary.BigEndian.Uint16(data[at+2:]))
		body := data[at+4 : at+2+length]
		switch marker {
		case 0xDB:
			for ; len(body) >= 65; body = body[65:] {
				tables = append(tables, body[1:65]...)
			}
		case 0xC0:
			frame = data[at : at+2+length]
		case 0xDA:
			return tables, frame, data[at+2+length : len(data)-2]
		}
		at += 2 + length
	}
}

// jpegPackets makes packets of a JPEG as RFC 2435 has it. tables are those of the first packet.
func jpegPackets(scan []byte, width, height int, at uint32, q byte, tables []byte) (all []jpegPacket) {
	const part = 1000
	for offset := 0; offset < len(scan); offset += part {
		head := []byte{0, byte(offset >> 16), byte(offset >> 8), byte(offset), 1, q, byte(width / 8), byte(height / 8)}
		if offset == 0 && q >= 128 {
			head = append(head, 0, 0, byte(len(tables)>>8), byte(len(tables)))
			head = append(head, tables...)
		}
		end := min(len(scan), offset+part)
		all = append(all, jpegPacket{payload: append(head, scan[offset:end]...), time: at, marker: end == len(scan)})
	}
	return all
}

func receiveJPEG(t testing.TB, m Media, packets []jpegPacket, lost ...int) *units {
	u := &units{t: t}
	m.Encoding, m.Clock = "JPEG", 90000
	r := New(m, u.sink())
	for i, p := range packets {
		packet := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: uint16(i), Timestamp: p.time, Marker: p.marker}, Payload: p.payload}
		if p.extension != nil {
			packet.Extension, packet.ExtensionProfile = true, onvifJPEG
			if err := packet.SetExtension(0, p.extension); err != nil {
				t.Fatal(err)
			}
		}
		if len(lost) == 0 || lost[0] != i {
			r.Packet(packet, time.Time{})
		}
	}
	r.Flush() // nothing follows for a while
	return u
}

// sameJPEG compares the pixels of two JPEGs.
func sameJPEG(t testing.TB, got, want []byte) bool {
	t.Helper()
	a, err := jpeg.Decode(bytes.NewReader(got))
	if err != nil {
		t.Error(err)
		return false
	}
	b, err := jpeg.Decode(bytes.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	if a.Bounds() != b.Bounds() {
		t.Errorf("%v, want %v", a.Bounds(), b.Bounds())
		return false
	}
	for y := 0; y < a.Bounds().Dy(); y += 7 {
		for x := 0; x < a.Bounds().Dx(); x += 5 {
			if color.YCbCrModel.Convert(a.At(x, y)) != color.YCbCrModel.Convert(b.At(x, y)) {
				t.Errorf("the pixel %d, %d is %v, want %v", x, y, a.At(x, y), b.At(x, y))
				return false
			}
		}
	}
	return true
}

// TestJPEGsOfEveryKind arrive as they were sent. The next report is a row.
func TestJPEGsOfEveryKind(t *testing.T) {
	small, large := testJPEG(t, 320, 240), testJPEG(t, 2592, 64)
	tables, _, scan := segments(t, small)
	largeTables, frame, largeScan := segments(t, large)
	marked := func(marker bool, packets []jpegPacket) []jpegPacket {
		for i := range packets {
			packets[i].marker = marker
		}
		return packets
	}
	pictures := func(times ...uint32) (all []jpegPacket) {
		for _, at := range times {
			all = append(all, jpegPackets(scan, 320, 240, at, 255, tables)...)
		}
		return all
	}
	extended := func(packets []jpegPacket) []jpegPacket {
		packets[0].extension = append(frame, bytes.Repeat([]byte{0xFF}, -len(frame)&3)...)
		return packets
	}
	twice := func(first, second []jpegPacket) []jpegPacket { return append(first, second...) }
	for name, c := range map[string]struct {
		media   Media
		packets []jpegPacket
		want    []byte
		n       int
		odd     string
	}{
		"its own tables":                       {Media{}, jpegPackets(scan, 320, 240, 1, 255, tables), small, 1, ""},
		"the third table again":                {Media{}, jpegPackets(scan, 320, 240, 1, 255, append(bytes.Clone(tables), tables[64:]...)), small, 1, "three quantization tables"},
		"tables of a known Q":                  {Media{}, jpegPackets(scan, 320, 240, 1, 90, nil), small, 1, ""},
		"tables that come once":                {Media{}, twice(jpegPackets(scan, 320, 240, 1, 200, tables), jpegPackets(scan, 320, 240, 2, 200, nil)), small, 2, ""},
		"no marker, one picture":               {Media{}, marked(false, pictures(1)), small, 1, ""},
		"no marker":                            {Media{}, marked(false, pictures(1, 2, 3, 4)), small, 4, "never sets the marker"},
		"no marker, one time for all":          {Media{}, marked(false, pictures(1, 1, 1)), small, 3, "never sets the marker"},
		"a marker on every packet":             {Media{}, marked(true, pictures(1, 2, 3)), small, 3, "the marker bit in the middle"},
		"a marker on every packet, one time":   {Media{}, marked(true, pictures(1, 1)), small, 2, "the marker bit in the middle"},
		"large, in the description":            {Media{Width: 2592, Height: 64}, jpegPackets(largeScan, 0, 0, 1, 255, largeTables), large, 1, ""},
		"large, in the description and modulo": {Media{Width: 2592, Height: 64}, jpegPackets(largeScan, 2592&2047, 64, 1, 255, largeTables), large, 1, ""},
		"large, in an extension":               {Media{}, extended(jpegPackets(largeScan, 0, 0, 1, 255, largeTables)), large, 1, ""},
		"large, modulo":                        {Media{}, jpegPackets(largeScan, 2592&2047, 64, 1, 255, largeTables), large, 1, "2048 pixels too small"},
		"a small one in the description":       {Media{Width: 320, Height: 240}, jpegPackets(scan, 320, 240, 1, 255, tables), small, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := receiveJPEG(t, c.media, c.packets)
			if len(got.all) != c.n || got.broken > 0 {
				t.Fatalf("%d units, %d broken", len(got.all), got.broken)
			}
			for _, one := range got.all {
				if !sameJPEG(t, one.Data, c.want) || !one.Key || one.Format != got.all[0].Format {
					t.Errorf("%+v", one.Format)
				}
			}
			if c.odd == "" && len(got.odd) > 0 || c.odd != "" && (len(got.odd) != 1 || !strings.Contains(got.odd[0], c.odd)) {
				t.Errorf("odd: %q", got.odd)
			}
		})
	}
}

// TestMarkersThatCeaseToFitAreDistrusted after one JPEG that is cut off, and counted.
func TestMarkersThatCeaseToFitAreDistrusted(t *testing.T) {
	small := testJPEG(t, 320, 240)
	tables, _, scan := segments(t, small)
	var packets []jpegPacket
	for at := range uint32(5) {
		picture := jpegPackets(scan, 320, 240, at, 255, tables)
		for i := range picture {
			picture[i].marker = picture[i].marker || at >= 2
		}
		packets = append(packets, picture...)
	}
	got := receiveJPEG(t, Media{}, packets)
	if len(got.all) != 5 || got.broken != 1 || len(got.odd) != 1 || !strings.Contains(got.odd[0], "the marker bit in the middle") {
		t.Fatalf("%d units, %d broken, %q", len(got.all), got.broken, got.odd)
	}
	for n, one := range got.all {
		if n != 2 {
			sameJPEG(t, one.Data, small)
		}
	}
}

// TestJPEGIsFlushedOnlyIfItsMarkerCannotBeAwaited: a JPEG whose packets arrive slowly is not cut.
func TestJPEGIsFlushedOnlyIfItsMarkerCannotBeAwaited(t *testing.T) {
	tables, _, scan := segments(t, testJPEG(t, 320, 240))
	for _, marker := range []bool{false, true} {
		u := &units{t: t}
		r := New(Media{Encoding: "JPEG", Clock: 90000}, u.sink())
		number := uint16(0)
		send := func(packets []jpegPacket) {
			for _, p := range packets {
				r.Packet(&rtp.Packet{Header: rtp.Header{SequenceNumber: number, Timestamp: p.time, Marker: p.marker && marker}, Payload: p.payload}, time.Time{})
				number++
			}
		}
		send(jpegPackets(scan, 320, 240, 1, 255, tables))
		r.Flush()
		packets := jpegPackets(scan, 320, 240, 2, 255, tables)
		send(packets[:2])
		if _, may := r.State(); may == marker {
			t.Errorf("with markers %v a part may be complete: %v", marker, may)
		}
		if marker {
			r.Flush()
		}
		send(packets[2:])
		r.Flush()
		if len(u.all) != 2 || u.broken > 0 || len(u.all[0].Data) != len(u.all[1].Data) {
			t.Errorf("with markers %v: %d units, %d broken", marker, len(u.all), u.broken)
		}
	}
}

// TestJPEGsThatCannotBeMade are counted, or said to be of unknown size.
func TestJPEGsThatCannotBeMade(t *testing.T) {
	tables, _, scan := segments(t, testJPEG(t, 320, 240))
	whole := func() []jpegPacket {
		return append(jpegPackets(scan, 320, 240, 1, 255, tables), jpegPackets(scan, 320, 240, 2, 255, tables)...)
	}
	n := len(whole()) / 2
	for lost := range n {
		got := receiveJPEG(t, Media{}, whole(), lost)
		if len(got.all) != 1 || got.all[0].PTS == 0 || got.broken > 1 || lost > 0 && got.broken != 1 {
			t.Errorf("without packet %d: %d units, %d broken", lost, len(got.all), got.broken)
		}
	}
	if got := receiveJPEG(t, Media{}, jpegPackets(scan, 0, 0, 1, 255, tables)); len(got.all) > 0 || got.sizeless != 1 {
		t.Errorf("of no size: %d units, reported %d times", len(got.all), got.sizeless)
	}
	if got := receiveJPEG(t, Media{}, jpegPackets(scan, 320, 240, 1, 200, nil)); len(got.all) > 0 || got.broken == 0 {
		t.Errorf("with tables that never came: %d units, %d broken", len(got.all), got.broken)
	}
	strange := whole()
	for i := range strange {
		strange[i].payload[4] = 5
	}
	if got := receiveJPEG(t, Media{}, strange); len(got.all) > 0 || got.broken == 0 || len(got.odd) != 1 {
		t.Errorf("of type 5: %d units, %d broken, %q", len(got.all), got.broken, got.odd)
	}
}
