package pipeline

import (
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"framegate/pipeline/frame"
)

// intake is where the source of one connection hands in its access units, one at a time.
type intake struct {
	feed     *Feed
	onStream func(frame.Stream)
	current  *format
	disposal disposal
	shape    jpegShape
	begun    bool        // a keyframe has come
	over     atomic.Bool // the connection has ended: what a pipeline that hangs still sends is not taken
}

// unit takes an access unit of the given format that arrived at the given time. data is copied; pts may be
// noPTS. What nothing can be made of is dropped and counted. Units are dropped until the first keyframe, and after a
// change of format until the next: nothing can be decoded from them.
func (in *intake) unit(data []byte, pts time.Duration, key bool, arrived time.Time, as *format) {
	if len(data) == 0 || in.over.Load() {
		return
	}
	if len(data) > gopLimit {
		in.feed.tooLarge(len(data))
		return
	}
	if as.stream.Width*as.stream.Height > maxArea || as.stream.Codec == "vp8" && misstatesSize(data, as.stream) {
		in.feed.broken.Add(1)
		return
	}
	changed := in.current == nil || in.current.caps != as.caps
	if as.stream.Codec == "mjpeg" {
		var reshaped bool
		if data, reshaped = in.jpeg(data); data == nil {
			return
		}
		if reshaped && !changed {
			another := *as
			as, changed = &another, true
		}
	}
	if in.begun = key || in.begun && !changed; !in.begun {
		return
	}
	if changed {
		if in.current == nil { // what the last connection left
			in.feed.gop.Clear()
		}
		in.current, in.disposal = as, newDisposal(as)
		in.feed.format.Store(as)
		in.onStream(as.stream)
	}
	// A source reads two clocks to tell when a unit arrived. A goroutine that is held up in between makes it milliseconds
	// too late, and the next one would seem to have come before it.
	if last := in.feed.newest.Load(); last != nil && arrived.Before(last.Add(time.Microsecond)) {
		arrived = last.Add(time.Microsecond)
	}
	u := Unit{
		PTS:       in.feed.line.place(pts, key, arrived),
		Received:  arrived,
		Key:       key,
		Droppable: !key && in.disposal.droppable(data),
		format:    in.current,
	}
	if s := as.stream; s.Codec == "mjpeg" {
		u.framed = frame.New(data, frame.Info{PTS: u.PTS, Received: arrived, Width: s.Width, Height: s.Height})
		u.Data = u.framed.Picture()
	} else {
		u.Data = slices.Clone(data)
	}
	in.feed.rate.unit(u)
	in.feed.newest.Store(&arrived)
	in.feed.gop.Push(u)
}

// maxArea is how many pixels a picture may have: twice those of 8K, 100 MB decoded. A size beyond it is damaged.
const maxArea = 64 << 20

// misstatesSize reports whether a VP8 keyframe tells another size than the stream's, or none (RFC 6386, section 9.1).
// One with a damaged size makes a decoder take memory for pictures of up to 16383x16383, and time to fill them.
func misstatesSize(unit []byte, s frame.Stream) bool {
	if unit[0]&1 == 1 { // no keyframe
		return false
	}
	if len(unit) < 10 {
		return true
	}
	width, height := binary.LittleEndian.Uint16(unit[6:]), binary.LittleEndian.Uint16(unit[8:])
	return int(width&0x3FFF) != s.Width || int(height&0x3FFF) != s.Height // above are hints for scaling
}

// jpeg returns a JPEG as it is to be handed on, which may be a part of data, and whether it is of another shape than those
// before; nil where it is dropped.
func (in *intake) jpeg(data []byte) (picture []byte, reshaped bool) {
	p, err := readJPEG(data)
	if err != nil {
		in.feed.broken.Add(1)
		return nil, false
	}
	fits, reshaped, wasBroken := in.shape.fits(p)
	if wasBroken {
		in.feed.broken.Add(1)
	}
	if !fits {
		return nil, false
	}
	return p.repaired(data), reshaped
}

// meter measures a stream's rate and keyframe interval from the PTS of its units.
type meter struct {
	mu sync.Mutex
	measured
}

type measured struct {
	began   time.Duration // PTS of the first unit of the present window
	n       int           // units since
	refs    int           // of these, such that others may refer to
	fps     float64       // of the last whole window
	refFPS  float64       // likewise, of units that others may refer to
	lastKey time.Duration
	hasKey  bool
	key     time.Duration // between the last two keyframes
	total   int           // units of this connection
	newest  time.Duration // largest PTS
	mixed   bool          // a unit was to be shown before one that came earlier: there are B-frames
}

// meterWindow is how long a rate is measured before it is told.
const meterWindow = 2 * time.Second

func (m *meter) unit(u Unit) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if u.Key {
		if m.hasKey {
			m.key = u.PTS - m.lastKey
		}
		m.lastKey, m.hasKey = u.PTS, true
	}
	m.total++
	m.mixed = m.mixed || m.total > 1 && u.PTS < m.newest
	m.newest = max(m.newest, u.PTS)
	if m.n == 0 {
		m.began = u.PTS
	}
	if span := u.PTS - m.began; m.n > 0 && span >= meterWindow {
		m.fps, m.refFPS = float64(m.n)/span.Seconds(), float64(m.refs)/span.Seconds()
		m.began, m.n, m.refs = u.PTS, 0, 0
	}
	m.n++
	if !u.Droppable {
		m.refs++
	}
}

// orderSample is how many units without B-frames are taken for a sign that there are none: encoders that use them begin
// right behind the keyframe.
const orderSample = 25

// ordered reports whether units come in the order in which they are shown. It is false while that is not known.
func (m *meter) ordered() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.total >= orderSample && !m.mixed
}

func (m *meter) perSecond() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fps
}

// referencesPerSecond is the rate of the units that others may refer to; 0 while it is not known.
func (m *meter) referencesPerSecond() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.refFPS
}

// interval is the mean time between two units; 0 while it is not known.
func (m *meter) interval() time.Duration {
	if fps := m.perSecond(); fps > 0 {
		return time.Duration(float64(time.Second) / fps)
	}
	return 0
}

func (m *meter) keyInterval() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.key
}

func (m *meter) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.measured = measured{}
}
