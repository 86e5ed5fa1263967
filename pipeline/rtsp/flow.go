package rtsp

import (
	"fmt"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// flow takes the packets of a session. All methods except report and control are called by the goroutine that receives packets.
type flow struct {
	receiver Receiver
	payload  uint8  // type of the packets
	clock    uint32 // of their times, in Hz
	odd      func(string)
	packet   rtp.Packet // reused
	known    bool       // a packet of the right type has arrived
	others   int        // packets of other types before that

	mu    sync.Mutex // guards stats
	stats stats
}

// isRTCP reports whether a packet is one of RTCP: types 200 to 207 stand where RTP has its marker and payload type (RFC 5761,
// section 4).
func isRTCP(data []byte) bool { return len(data) >= 8 && data[1] >= 200 && data[1] <= 207 }

// take takes a packet of RTP or RTCP.
func (f *flow) take(data []byte, arrived time.Time) {
	if isRTCP(data) {
		f.control(data, arrived)
		return
	}
	if f.read(data) {
		f.deliver(&f.packet, arrived)
	}
}

// read reads a packet of RTP into f.packet and reports whether it belongs to the stream.
func (f *flow) read(data []byte) bool {
	if err := f.packet.Unmarshal(data); err != nil {
		return false
	}
	if f.packet.PayloadType != f.payload {
		if f.others++; f.others == 100 && !f.known {
			f.odd(fmt.Sprintf("it sends packets of type %d, but describes type %d", f.packet.PayloadType, f.payload))
		}
		return false
	}
	f.known = true
	return true
}

// deliver hands a packet to the receiver.
func (f *flow) deliver(p *rtp.Packet, arrived time.Time) {
	f.mu.Lock()
	f.stats.count(p, arrived, f.clock)
	f.mu.Unlock()
	f.receiver.Packet(p, arrived)
}

// control takes a packet of RTCP. It keeps only the time of a sender report, for the next receiver report.
func (f *flow) control(data []byte, arrived time.Time) {
	packets, err := rtcp.Unmarshal(data)
	if err != nil {
		return
	}
	for _, p := range packets {
		if report, ok := p.(*rtcp.SenderReport); ok {
			f.mu.Lock()
			f.stats.reported, f.stats.reportedAt = uint32(report.NTPTime>>16), arrived
			f.mu.Unlock()
		}
	}
}

// report returns a receiver report (RFC 3550, section 6.4.2), which says how the camera's packets arrive. Some cameras end a stream
// if they get none. The report is nil before the first packet. Any goroutine may call it.
func (f *flow) report(now time.Time) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stats.received == 0 {
		return nil
	}
	text, err := rtcp.Marshal([]rtcp.Packet{
		&rtcp.ReceiverReport{SSRC: ownSSRC, Reports: []rtcp.ReceptionReport{f.stats.report(now)}},
		rtcp.NewCNAMESourceDescription(ownSSRC, "framegate"),
	})
	if err != nil {
		return nil
	}
	return text
}

// ownSSRC names framegate in reports.
const ownSSRC = 0x66676174

// stats are the figures for receiver reports.
type stats struct {
	ssrc             uint32
	first, highest   int64 // sequence numbers, counted on beyond 65535
	received         int64
	expected, before int64 // at the last report: packets expected, received
	jitter           float64
	lastTime         uint32
	lastArrival      time.Time
	reported         uint32 // the middle of the NTP time of the newest sender report
	reportedAt       time.Time
}

// count counts a packet (RFC 3550, appendix A). The RFC measures the jitter at every packet. Here only the first packet of each
// timestamp counts, since a camera sends those of one access unit together.
func (s *stats) count(p *rtp.Packet, arrived time.Time, clock uint32) {
	if s.received > 0 && p.SSRC != s.ssrc { // the camera's sequence numbers begin anew
		*s = stats{reported: s.reported, reportedAt: s.reportedAt}
	}
	if s.received == 0 {
		s.first, s.highest = int64(p.SequenceNumber), int64(p.SequenceNumber)
	} else if step := int16(p.SequenceNumber - uint16(s.highest)); step > 0 {
		s.highest += int64(step)
	}
	if s.received > 0 && p.Timestamp != s.lastTime {
		// How much longer the time between two units was here than at the camera, in units of the clock.
		d := arrived.Sub(s.lastArrival).Seconds()*float64(clock) - float64(int32(p.Timestamp-s.lastTime))
		if d = max(d, -d); d < float64(10*clock) { // else the camera's clock was set
			s.jitter += (d - s.jitter) / 16
		}
	}
	if s.received == 0 || p.Timestamp != s.lastTime {
		s.lastTime, s.lastArrival = p.Timestamp, arrived
	}
	s.ssrc = p.SSRC
	s.received++
}

// report returns the figures for a report and begins to count for the next one.
func (s *stats) report(now time.Time) rtcp.ReceptionReport {
	expected := s.highest - s.first + 1
	lost := max(0, expected-s.received)
	interval, arrived := expected-s.expected, s.received-s.before
	var fraction uint8
	if interval > 0 && arrived < interval {
		fraction = uint8(min(255, 256*(interval-arrived)/interval))
	}
	s.expected, s.before = expected, s.received
	r := rtcp.ReceptionReport{
		SSRC: s.ssrc, FractionLost: fraction, TotalLost: uint32(min(lost, 1<<23-1)),
		LastSequenceNumber: uint32(s.highest), Jitter: uint32(s.jitter), LastSenderReport: s.reported,
	}
	if !s.reportedAt.IsZero() {
		r.Delay = uint32(now.Sub(s.reportedAt).Seconds() * 65536)
	}
	return r
}
