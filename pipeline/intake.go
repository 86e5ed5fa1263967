package pipeline

import (
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
	begun    bool        // a keyframe has come
	over     atomic.Bool // the connection has ended: what a pipeline that hangs still sends is not taken
}

// unit takes an access unit of the given format that arrived at the given time. data is copied; pts may be
// noPTS. A JPEG is repaired, or dropped and counted where it is broken. Units are dropped until the first keyframe, and after a change of format until the next: nothing
// can be decoded from them.
func (in *intake) unit(data []byte, pts time.Duration, key bool, arrived time.Time, as *format) {
	if len(data) == 0 || in.over.Load() {
		return
	}
	if as.stream.Codec == "mjpeg" {
		picture, err := readJPEG(data)
		if err != nil {
			in.feed.broken.Add(1)
			return
		}
		data = picture.repaired(data)
	} else {
		data = slices.Clone(data)
	}
	changed := in.current == nil || in.current.caps != as.caps
	if in.begun = key || in.begun && !changed; !in.begun {
		return
	}
	if changed {
		in.current, in.disposal = as, newDisposal(as)
		in.feed.format.Store(as)
		in.onStream(as.stream)
	}
	u := Unit{
		Data:      data,
		PTS:       in.feed.line.place(pts, key, arrived),
		Received:  arrived,
		Key:       key,
		Droppable: !key && in.disposal.droppable(data),
		format:    in.current,
	}
	in.feed.rate.unit(u)
	in.feed.newest.Store(&arrived)
	in.feed.gop.Push(u)
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
