package unit

import (
	"sync"
	"time"
)

// A Meter measures a stream's rate and keyframe interval from the PTS of its units. The zero Meter is ready. Its methods may be
// called from any goroutine.
type Meter struct {
	mu sync.Mutex // guards measured
	measured
}

type measured struct {
	began   time.Duration // PTS of the first unit of this window
	n       int           // units since
	refs    int           // of these, units that others may refer to
	fps     float64       // of the last complete window
	refFPS  float64       // the same for units that others may refer to
	lastKey time.Duration
	hasKey  bool
	key     time.Duration // between the last two keyframes
	refresh time.Duration // PTS of the last recovery point; 0 for none
	between time.Duration // the last two recovery points
	total   int           // units of this connection
	newest  time.Duration // largest PTS
	mixed   bool          // a unit is shown before one that arrived earlier: there are B-frames
}

// meterWindow is how long a rate is measured.
const meterWindow = 2 * time.Second

// Add counts a unit.
func (m *Meter) Add(u Unit) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if u.Key {
		if m.hasKey {
			m.key = u.PTS - m.lastKey
		}
		m.lastKey, m.hasKey = u.PTS, true
	}
	if u.Recovery > 0 {
		if m.refresh > 0 {
			m.between = u.PTS - m.refresh
		}
		m.refresh = u.PTS
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

// orderSample is how many units without B-frames show that there are none: encoders that use them do so right after the
// keyframe.
const orderSample = 25

// Ordered reports whether units arrive in the order in which they are shown. It is false until that is known.
func (m *Meter) Ordered() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.total >= orderSample && !m.mixed
}

// PerSecond is the rate of all units; 0 until it is known.
func (m *Meter) PerSecond() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fps
}

// ReferencesPerSecond is the rate of the units that others may refer to; 0 until it is known.
func (m *Meter) ReferencesPerSecond() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.refFPS
}

// Interval is the mean time between two units; 0 until it is known.
func (m *Meter) Interval() time.Duration {
	if fps := m.PerSecond(); fps > 0 {
		return time.Duration(float64(time.Second) / fps)
	}
	return 0
}

// KeyInterval is the time between the last two keyframes; 0 until there were two.
func (m *Meter) KeyInterval() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.key
}

// RefreshInterval is the time between the last two recovery points; 0 until there were two.
func (m *Meter) RefreshInterval() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.between
}

// Reset forgets everything, as for a new connection.
func (m *Meter) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.measured = measured{}
}
