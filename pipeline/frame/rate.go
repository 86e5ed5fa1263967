package frame

import (
	"sync"
	"time"
)

// rateWindow is the averaging window.
const rateWindow = 2 * time.Second

// minSpan is the shortest span from which a rate is computed: the first pictures of a stream arrive in a burst.
const minSpan = 400 * time.Millisecond

// rate measures events per second from the times of the last few.
type rate struct {
	mu    sync.Mutex     // guards what follows
	times [256]time.Time // ring
	n     int            // events so far
}

func (r *rate) tick(now time.Time) {
	r.mu.Lock()
	r.times[r.n%len(r.times)] = now
	r.n++
	r.mu.Unlock()
}

// perSecond divides the number of intervals in the window by the time that they span. If nothing has come for twice
// the mean interval, the time since the newest event counts too, so the rate falls soon after the events stop.
func (r *rate) perSecond(now time.Time) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == 0 {
		return 0
	}
	newest := r.times[(r.n-1)%len(r.times)]
	oldest, intervals := newest, 0
	for i := 2; i <= min(r.n, len(r.times)); i++ {
		t := r.times[(r.n-i)%len(r.times)]
		if now.Sub(t) > rateWindow {
			break
		}
		oldest, intervals = t, intervals+1
	}
	if intervals == 0 || now.Sub(newest) > rateWindow {
		return 0
	}
	span := newest.Sub(oldest)
	if mean := span / time.Duration(intervals); now.Sub(newest) > 2*mean {
		span += now.Sub(newest)
	}
	if span < minSpan {
		return 0
	}
	return float64(intervals) / span.Seconds()
}
