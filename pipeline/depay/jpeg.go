package depay

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/jpeg"
	"github.com/framegate/framegate/pipeline/unit"

	"github.com/pion/rtp"
)

// jpegReceiver makes JPEGs of packets (RFC 2435). Packets do not contain the headers of a JPEG, but what is needed to make them.
//
// A picture ends with the marker bit, with a new time or offset 0, or if nothing follows for a while. The end of the data says
// nothing: packets leave out the end marker of the JPEG. Some cameras never set the marker bit, or set it in every packet, so it is
// trusted only once it has been seen to fit.
type jpegReceiver struct {
	media  Media
	sink   Sink
	odd    oddities
	clock  clock
	order  order
	format *unit.Format

	picture []byte // headers, and what has arrived of the scan
	body    int    // where the scan begins in picture; 0 if no picture has begun
	time    uint32
	lost    bool
	counted bool // as broken
	large   int
	arrived time.Time
	marked  bool // the newest packet had the marker bit
	markers int  // how many packets of the picture had it
	marks   marks
	// ended and endedTime are the length of the scan and the time of the last picture, if a marker has ended it.
	ended     int
	endedTime uint32

	tables [256][]byte // quantization tables by Q, from 128 on, which cameras may send once
	shape  jpegShape   // of the picture
	frame  []byte      // the frame header from a header extension; nil if there is none
	sof    int         // where the frame header is in picture
	// stated is the last size that measure has doubted, and real the size that it has found instead. tries counts its searches.
	stated, real [2]int
	tries        int
}

// jpegShape is what the headers of a JPEG are made of.
type jpegShape struct {
	kind, q       uint8
	width, height int
	restart       uint16 // MCUs between restart markers; 0 for none
}

func newJPEG(m Media, sink Sink) Receiver {
	j := &jpegReceiver{media: m, sink: sink, odd: oddities{report: sink.Odd}, clock: clock{rate: int64(m.Clock)}}
	j.marks.odd = &j.odd
	return j
}

// Packet takes a packet.
func (j *jpegReceiver) Packet(p *rtp.Packet, arrived time.Time) {
	gap, repeated := j.order.next(p)
	if repeated || len(p.Payload) < 8 {
		return
	}
	offset := int(p.Payload[1])<<16 | int(p.Payload[2])<<8 | int(p.Payload[3])
	if j.body > 0 && (p.Timestamp != j.time || offset == 0) {
		j.finish(gap && (!j.marked || j.marks.distrusted))
	}
	j.time = p.Timestamp
	if gap && !j.counted && j.format != nil {
		j.counted = true // the picture, or the one before it, is counted as broken
		j.sink.Broken()
	}
	j.lost = j.lost || gap && j.body > 0
	scan, ok := j.header(p)
	if !ok {
		j.lost = true // a picture that would begin with this packet does not begin
		return
	}
	switch {
	case offset == 0 && j.body == 0:
		j.lost = false
		if !j.begin() {
			return
		}
	case j.body == 0: // its beginning is missing
		if j.ended > 0 && offset == j.ended && j.time == j.endedTime { // or was passed on
			j.ended = 0
			j.marks.distrust()
			j.sink.Broken()
		}
		return
	case offset != len(j.picture)-j.body:
		j.lost = true
	}
	j.arrived = arrived
	if len(j.picture)+len(scan) > jpeg.MaxSize {
		j.large = max(j.large, len(j.picture)) + len(scan)
	} else {
		j.picture = append(j.picture, scan...)
	}
	if j.marked = p.Marker; !j.marked {
		return
	}
	if j.markers++; j.marks.trusted {
		ended := len(j.picture) - j.body
		j.finish(false)
		j.ended, j.endedTime = ended, j.time
	}
}

// header reads the headers of a packet and returns what follows them.
func (j *jpegReceiver) header(p *rtp.Packet) (scan []byte, ok bool) {
	data := p.Payload
	first := data[1] == 0 && data[2] == 0 && data[3] == 0
	s := jpegShape{kind: data[4], q: data[5], width: int(data[6]) * 8, height: int(data[7]) * 8}
	data = data[8:]
	if s.kind >= 64 && s.kind < 128 { // restart markers
		if len(data) < 4 {
			return nil, false
		}
		s.restart = binary.BigEndian.Uint16(data)
		data = data[4:]
	}
	if !first {
		return data, true
	}
	if s.q >= 128 {
		if len(data) < 4 {
			return nil, false
		}
		length := int(binary.BigEndian.Uint16(data[2:]))
		if data = data[4:]; length > len(data) {
			return nil, false
		}
		if length > 0 {
			j.tables[s.q] = append(j.tables[s.q][:0], data[:length]...)
		}
		data = data[length:]
	}
	j.frame = nil
	if p.Extension {
		j.extension(p)
	}
	j.size(&s)
	j.shape = s
	return data, true
}

// onvifJPEG is the profile of a header extension with the JPEG's own headers (ONVIF streaming specification, section 5.1.3),
// which are the first bytes of any JPEG.
const onvifJPEG = 0xFFD8

// extension reads the frame header of a header extension.
func (j *jpegReceiver) extension(p *rtp.Packet) {
	if p.ExtensionProfile != onvifJPEG {
		return
	}
	data := p.GetExtension(0)
	for len(data) >= 4 && data[0] == 0xFF {
		length := int(binary.BigEndian.Uint16(data[2:]))
		if data[1] == 0xFF {
			data = data[1:]
			continue
		}
		if length < 2 || length+2 > len(data) {
			return
		}
		if data[1] == 0xC0 && length >= 11 {
			j.frame = data[4 : 2+length]
			return
		}
		data = data[2+length:]
	}
}

// size finds the size of a picture. Packets can state at most 2040 pixels in each direction. Cameras with larger pictures state the
// size elsewhere. Their packets state 0, or the size modulo 2048.
func (j *jpegReceiver) size(s *jpegShape) {
	switch {
	case j.frame != nil:
		s.height, s.width = int(binary.BigEndian.Uint16(j.frame[1:])), int(binary.BigEndian.Uint16(j.frame[3:]))
	case j.media.Width > 0 && j.media.Height > 0 && (s.width == 0 || s.height == 0 || j.media.Width > 2040 || j.media.Height > 2040):
		s.width, s.height = j.media.Width, j.media.Height
	case s.width == 0 || s.height == 0:
		j.odd.is("its JPEGs are larger than 2040 pixels, and nothing says how large")
	}
}

// begin writes the headers of a picture.
func (j *jpegReceiver) begin() bool {
	s := j.shape
	if s.width == 0 || s.height == 0 {
		j.sink.Sizeless()
		return false
	}
	if kind := s.kind & 63; kind > 1 || s.kind >= 128 {
		j.odd.is(fmt.Sprintf("its JPEGs are of type %d, which RFC 2435 does not know", s.kind))
		j.sink.Broken()
		return false
	}
	luma, chroma, ok := j.quantization(s.q)
	if !ok {
		j.sink.Broken()
		return false
	}
	j.picture = append(j.picture[:0], 0xFF, 0xD8)
	j.picture = appendSegment(j.picture, 0xDB, append([]byte{0}, luma...))
	j.picture = appendSegment(j.picture, 0xDB, append([]byte{1}, chroma...))
	if s.restart > 0 {
		j.picture = appendSegment(j.picture, 0xDD, binary.BigEndian.AppendUint16(nil, s.restart))
	}
	sampling := byte(0x21) // 4:2:2
	if s.kind&63 == 1 {
		sampling = 0x22 // 4:2:0
	}
	header := []byte{8, byte(s.height >> 8), byte(s.height), byte(s.width >> 8), byte(s.width), 3, 1, sampling, 0, 2, 0x11, 1, 3, 0x11, 1}
	if j.frame != nil && len(j.frame) == len(header) {
		header[7], header[10], header[13] = j.frame[7], j.frame[10], j.frame[13]
	}
	j.sof = len(j.picture) + 4
	j.picture = appendSegment(j.picture, 0xC0, header)
	j.picture = jpeg.AppendStandardHuffman(j.picture)
	j.picture = appendSegment(j.picture, 0xDA, []byte{3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0})
	j.body = len(j.picture)
	return true
}

// appendSegment appends a segment of a JPEG (ITU-T T.81, B.1.1.4).
func appendSegment(to []byte, marker byte, body []byte) []byte {
	to = append(to, 0xFF, marker)
	to = binary.BigEndian.AppendUint16(to, uint16(len(body)+2))
	return append(to, body...)
}

// quantization returns the two tables of a Q.
func (j *jpegReceiver) quantization(q uint8) (luma, chroma []byte, ok bool) {
	switch {
	case q >= 128:
		switch t := j.tables[q]; len(t) {
		case 64: // one for all
			return t, t, true
		case 128, 192: // some cameras send the one for colour twice
			if len(t) == 192 {
				j.odd.is("it sends three quantization tables")
			}
			return t[:64], t[64:128], true
		}
		return nil, nil, false
	case q == 0 || q >= 100:
		return nil, nil, false
	}
	// RFC 2435, appendix A.
	factor := 200 - 2*int(q)
	if q < 50 {
		factor = 5000 / int(q)
	}
	luma, chroma = make([]byte, 64), make([]byte, 64)
	for i := range 64 {
		luma[i] = byte(min(255, max(1, (int(standardLuma[i])*factor+50)/100)))
		chroma[i] = byte(min(255, max(1, (int(standardChroma[i])*factor+50)/100)))
	}
	return luma, chroma, true
}

// standardLuma and standardChroma are the tables of ITU-T T.81, annex K.1, in the order in which a JPEG has them.
var standardLuma = [64]byte{
	16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40,
	26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51,
	56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
	95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
}

var standardChroma = [64]byte{
	17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, 99, 99,
	99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
	99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
	99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
}

// finish passes the picture on, or drops it if packets are missing.
func (j *jpegReceiver) finish(endMissing bool) {
	switch {
	case j.body == 0:
	case j.large > 0:
		j.sink.TooLarge(j.large)
	case j.lost || endMissing:
		if !j.counted {
			j.sink.Broken()
		}
	default:
		j.marks.see(j.markers, j.marked)
		j.picture = append(j.picture, 0xFF, 0xD9)
		j.measure()
		if j.format == nil || j.format.Stream.Width != j.shape.width || j.format.Stream.Height != j.shape.height {
			j.format = &unit.Format{
				Caps:   fmt.Sprintf("image/jpeg, width=(int)%d, height=(int)%d", j.shape.width, j.shape.height),
				Stream: frame.Stream{Codec: "mjpeg", Width: j.shape.width, Height: j.shape.height},
			}
		}
		j.sink.Unit(Unit{Data: j.picture, PTS: j.clock.at(j.time), Key: true, Arrived: j.arrived, Format: j.format})
	}
	j.picture, j.body, j.lost, j.counted, j.large = j.picture[:0], 0, false, false, 0
	j.markers, j.marked, j.ended = 0, false, 0
}

// maxTries is how often a connection searches for the true size of its pictures, since a search is slow.
const maxTries = 3

// measure finds the true size of the picture and writes it into the picture's header. It does nothing if the size is stated
// outside of the packets.
func (j *jpegReceiver) measure() {
	s := &j.shape
	if j.frame != nil || j.media.Width > 0 {
		return
	}
	size := [2]int{s.width, s.height}
	if size != j.stated && j.tries < maxTries && doubtful(j.picture, s.width, s.height) {
		j.tries++
		j.stated = size
		j.real[0], j.real[1] = trueSize(j.picture, j.sof, s.width, s.height)
	}
	if size == j.stated && j.real != size {
		j.odd.is("its packets state a size that is 2048 pixels too small")
		s.width, s.height = j.real[0], j.real[1]
		binary.BigEndian.PutUint16(j.picture[j.sof+1:], uint16(s.height))
		binary.BigEndian.PutUint16(j.picture[j.sof+3:], uint16(s.width))
	}
}

// State reports whether a picture is unfinished, and whether it may be complete.
func (j *jpegReceiver) State() (unfinished, maybeComplete bool) {
	return j.body > 0, j.body > 0 && !j.marks.trusted
}

// Flush ends a picture that may be complete.
func (j *jpegReceiver) Flush() {
	if _, may := j.State(); may {
		j.finish(false)
	}
}
