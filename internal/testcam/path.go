package testcam

import (
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"framegate/internal/testcam/loop"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"
)

// path is one camera at work.
type path struct {
	server *Server
	camera Camera // as configured

	mu       sync.Mutex // of what follows
	now      Camera     // as changed by Resize and Recodec
	loop     *loop.Loop // nil where there is only audio
	next     *loop.Loop // takes over at the end of a GOP; for Resize
	stream   *gortsplib.ServerStream
	video    *description.Media // of the stream; nil where there is only audio
	audio    *description.Media // likewise; nil where there is none
	sessions map[*gortsplib.ServerSession]struct{}
	fault    fault
	sent     []sendings    // of each frame number of the loop
	newest   []byte        // unit sent last
	arrived  chan struct{} // closed when newest changes
	dropped  chan struct{} // closed when the connections are to be closed
	pictures int           // HTTP clients
	tornDown int           // RTSP sessions that ended with TEARDOWN
	huge     []*rtp.Packet // to be sent instead of the next frame; nil for none
	cut      bool          // the next unit of several packets is to end in the middle, and the connections with it
	halved   bool          // it has ended
	held     func()        // sends a frame that is to come behind the next; nil for none
	sequence uint16
	clock    uint32 // RTP time at which the sending began
}

func newPath(s *Server, camera Camera) *path {
	return &path{
		server: s, camera: camera, now: camera, sessions: map[*gortsplib.ServerSession]struct{}{},
		arrived: make(chan struct{}), dropped: make(chan struct{}), clock: rand.Uint32(),
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
	p.video, p.audio = nil, nil
	if p.loop != nil {
		described := p.loop.Format
		if p.fault.kind == Bare {
			described = bare(described)
		}
		p.video = &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{described}}
		desc.Medias = append(desc.Medias, p.video)
		if len(p.sent) != len(p.loop.Frames) { // a loop of another size or codec has as many
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

// reopen closes the connections and makes the stream anew after a change, for which p.mu is held.
func (p *path) reopen(change func()) error {
	p.disconnect()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stream.Close()
	change()
	return p.openLocked()
}

// playing are the RTSP sessions of all who play.
func (p *path) playing() []*gortsplib.ServerSession {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Keys(p.sessions))
}

// disconnect closes the connections of all who play.
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

// before is the last of them up to a time; zero where there is none.
func (s *sendings) before(limit time.Time) (last time.Time) {
	for _, at := range s.at {
		if !at.After(limit) && at.After(last) {
			last = at
		}
	}
	return last
}

// Sent tells when a frame number of a camera was sent last: just before its first packet was written. It
// is false for a frame that was not sent yet.
func (s *Server) Sent(camera string, frame int) (time.Time, bool) {
	return s.SentBefore(camera, frame, time.Now())
}

// SentBefore tells when a frame number of a camera was sent last before a time. It is false where that was never, or
// more often than four times ago.
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

// Viewers is how many RTSP sessions and HTTP clients play a camera.
func (s *Server) Viewers(camera string) int {
	p := s.path(camera)
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.sessions) + p.pictures
}

// TornDown is how many RTSP clients that played a camera have left it with TEARDOWN, as good ones do.
func (s *Server) TornDown(camera string) int {
	p := s.path(camera)
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tornDown
}
