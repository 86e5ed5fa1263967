package testcam

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"
)

// path is one camera at work.
type path struct {
	server *Server
	camera Camera // as configured

	mu       sync.Mutex
	loop     *loop
	next     *loop // takes over at the end of a GOP; for resize
	stream   *gortsplib.ServerStream
	sessions map[*gortsplib.ServerSession]struct{}
	fault    fault
	sent     []time.Time // of each frame number of the loop
	newest   []byte      // unit sent last
	arrived  chan struct{}

	sequence uint16
	clock    uint32 // RTP time at which the sending began
}

func newPath(s *Server, camera Camera) *path {
	return &path{
		server: s, camera: camera, sessions: map[*gortsplib.ServerSession]struct{}{},
		arrived: make(chan struct{}), clock: rand.Uint32(),
	}
}

// open makes the stream that RTSP clients describe and play.
func (p *path) open() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.openLocked()
}

func (p *path) openLocked() error {
	desc := &description.Session{Title: p.camera.Name}
	if !p.camera.AudioOnly {
		desc.Medias = append(desc.Medias, &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{p.loop.format}})
	}
	if p.camera.Audio || p.camera.AudioOnly {
		desc.Medias = append(desc.Medias, &description.Media{Type: description.MediaTypeAudio,
			Formats: []format.Format{&format.G711{PayloadTyp: 8, SampleRate: 8000, ChannelCount: 1}}})
	}
	p.stream = &gortsplib.ServerStream{Server: p.server.rtsp, Desc: desc}
	p.sent = make([]time.Time, len(p.loop.frames))
	return p.stream.Initialize()
}

func (p *path) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stream != nil {
		p.stream.Close()
	}
}

// disconnect closes the connections of all who play.
func (p *path) disconnect() {
	p.mu.Lock()
	var open []*gortsplib.ServerSession
	for session := range p.sessions {
		open = append(open, session)
	}
	p.mu.Unlock()
	for _, session := range open {
		for _, conn := range session.Conns() {
			conn.Close()
		}
		session.Close()
	}
}

// send sends the loop over and over, each frame at its time on an absolute schedule, until ctx is done.
func (p *path) send(ctx context.Context) {
	began := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	i := 0 // place in the loop
	for tick := 0; ; tick++ {
		timer.Reset(time.Until(began.Add(p.camera.picture().time(tick))))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		p.mu.Lock()
		if p.next != nil && i%p.loop.interval == 0 {
			p.loop, p.next, i = p.next, nil, 0
		}
		if i >= len(p.loop.frames) {
			i = 0
		}
		p.sendFrame(i, tick)
		p.mu.Unlock()
		i++
	}
}

// sendFrame sends one frame, unless the camera is stalled. p.mu is held.
func (p *path) sendFrame(i, tick int) {
	frame := p.loop.frames[i]
	if p.fault.kind == Stall || p.camera.AudioOnly || len(p.stream.Desc.Medias) == 0 {
		return
	}
	const videoClock = 90000 // Hz (RFC 3551, section 5)
	// B-frames are sent after the frame that they are shown before: the time is that of showing.
	shown := tick + frame.number - i
	timestamp := p.clock + uint32(int64(shown)*videoClock/int64(p.loop.fps))
	p.sent[frame.number] = time.Now()
	p.newest = frame.unit
	close(p.arrived)
	p.arrived = make(chan struct{})
	for _, packet := range frame.packets {
		out := &rtp.Packet{Header: packet.Header, Payload: packet.Payload}
		out.Timestamp, out.SequenceNumber = timestamp, p.sequence
		p.sequence++
		if p.fault.kind == Corrupt && rand.Float64() < p.fault.rate/float64(len(frame.packets)) {
			out.Payload = damage(packet.Payload)
		}
		p.stream.WritePacketRTP(p.stream.Desc.Medias[0], out)
	}
}

// damage returns a copy with some bytes flipped behind the payload's header.
func damage(payload []byte) []byte {
	const header = 12 // of the payload formats in use, at most
	broken := slices.Clone(payload)
	for range 1 + len(broken)/200 {
		if len(broken) > header {
			broken[header+rand.IntN(len(broken)-header)] ^= byte(1 + rand.IntN(255))
		}
	}
	return broken
}

// Sent tells when a frame number of a camera was sent last: just before its first packet was written. It
// is false for a frame that was not sent yet.
func (s *Server) Sent(camera string, frame int) (time.Time, bool) {
	p := s.path(camera)
	if p == nil {
		return time.Time{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if frame < 0 || frame >= len(p.sent) || p.sent[frame].IsZero() {
		return time.Time{}, false
	}
	return p.sent[frame], true
}

// Viewers is how many RTSP sessions play a camera.
func (s *Server) Viewers(camera string) int {
	p := s.path(camera)
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.sessions)
}
