package testcam

import (
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/framegate/framegate/internal/testcam/loop"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"
)

// path is one camera that is served.
type path struct {
	server *Server
	camera Camera // as configured

	mu       sync.Mutex // guards the fields below
	now      Camera     // after Resize and Recodec
	loop     *loop.Loop // nil if there is only audio
	next     *loop.Loop // replaces loop at the end of a GOP, after Resize; nil for none
	stream   *gortsplib.ServerStream
	video    *description.Media // of the stream; nil if there is only audio
	audio    *description.Media // of the stream; nil if there is none
	sessions map[*gortsplib.ServerSession]struct{}
	fault    fault
	sent     []sendings    // by frame number of the loop
	newest   []byte        // the unit that was sent last
	arrived  chan struct{} // closed and replaced when newest changes
	dropped  chan struct{} // closed and replaced when the connections are to be closed
	pictures int           // HTTP clients
	tornDown int           // RTSP sessions that ended with TEARDOWN
	huge     []*rtp.Packet // sent instead of the next frame; nil for none
	cut      bool          // the next unit of several packets ends in the middle, and the connections with it
	halved   bool          // that unit was sent
	held     func()        // sends a frame that is to follow the next one; nil for none
	sequence uint16
	clock    uint32 // RTP time of the beginning
}

func newPath(s *Server, camera Camera) *path {
	return &path{
		server: s, camera: camera, now: camera, sessions: map[*gortsplib.ServerSession]struct{}{},
		arrived: make(chan struct{}), dropped: make(chan struct{}), clock: rand.Uint32(),
	}
}

// open makes the stream that RTSP clients request.
func (p *path) open() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.openLocked()
}

func (p *path) openLocked() error {
	desc := &description.Session{Title: p.camera.Name}
	p.video, p.audio = nil, nil
	if p.loop != nil {
		described := p.loop.Format
		if p.fault.kind == Bare {
			described = bare(described)
		}
		p.video = &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{described}}
		desc.Medias = append(desc.Medias, p.video)
		if len(p.sent) != len(p.loop.Frames) { // a loop of another size or codec has as many frames
			p.sent = make([]sendings, len(p.loop.Frames))
		}
	}
	if p.camera.Audio || p.camera.AudioOnly {
		p.audio = &description.Media{Type: description.MediaTypeAudio, Formats: []format.Format{silence}}
		desc.Medias = append(desc.Medias, p.audio)
	}
	p.stream = &gortsplib.ServerStream{Server: p.server.rtsp, Desc: desc}
	return p.stream.Initialize()
}

func (p *path) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stream != nil {
		p.stream.Close()
	}
}

// reopen closes the connections, calls change with p.mu held, and makes a new stream.
func (p *path) reopen(change func()) error {
	p.disconnect()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stream.Close()
	change()
	return p.openLocked()
}

// playing lists the RTSP sessions that play.
func (p *path) playing() []*gortsplib.ServerSession {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Keys(p.sessions))
}

// wires returns the connections of the clients that play over TCP.
func (p *path) wires() []*wire {
	var wires []*wire
	for _, session := range p.playing() {
		for _, conn := range session.Conns() {
			if w, ok := conn.NetConn().(*wire); ok {
				wires = append(wires, w)
			}
		}
	}
	return wires
}

// disconnect closes the connections of all clients that play.
func (p *path) disconnect() {
	p.mu.Lock()
	close(p.dropped)
	p.dropped = make(chan struct{})
	p.mu.Unlock()
	for _, session := range p.playing() {
		for _, conn := range session.Conns() {
			conn.Close()
		}
		session.Close()
	}
}

// sendings are the last times at which a frame number was sent.
type sendings struct {
	at   [4]time.Time
	last int
}

func (s *sendings) add(at time.Time) {
	s.last = (s.last + 1) % len(s.at)
	s.at[s.last] = at
}

// before is the last of them up to a time. It is zero if there is none.
func (s *sendings) before(limit time.Time) (last time.Time) {
	for _, at := range s.at {
		if !at.After(limit) && at.After(last) {
			last = at
		}
	}
	return last
}

// Sent returns when a frame number of a camera was last sent: just before its first packet was written. It reports false
// for a frame that has not been sent yet.
func (s *Server) Sent(camera string, frame int) (time.Time, bool) {
	return s.SentBefore(camera, frame, time.Now())
}

// SentBefore returns when a frame number of a camera was last sent before a time. It reports false if it never was, or if
// it was sent four times since.
func (s *Server) SentBefore(camera string, frame int, limit time.Time) (time.Time, bool) {
	p := s.path(camera)
	if p == nil {
		return time.Time{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if frame < 0 || frame >= len(p.sent) {
		return time.Time{}, false
	}
	at := p.sent[frame].before(limit)
	return at, !at.IsZero()
}

// Viewers is the number of RTSP sessions and HTTP clients that play a camera.
func (s *Server) Viewers(camera string) int {
	p := s.path(camera)
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.sessions) + p.pictures
}

// TornDown is the number of RTSP clients that have played a camera and left with TEARDOWN, as well-behaved ones do.
func (s *Server) TornDown(camera string) int {
	p := s.path(camera)
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tornDown
}
