package live

import "time"

// pace limits how many pictures are under way to one client, so that on a slow connection each is shown soon after it was sent. A picture that
// took longer than slow to be shown lowers the limit, at most once in that time. One that took less than quick raises it. The zero value
// has no limit.
type pace struct {
	limit   float64 // pictures; 0 for none
	lowered time.Time
}

const (
	quick = 200 * time.Millisecond
	slow  = 400 * time.Millisecond
)

// allows reports whether another picture may be sent while some are under way.
func (p *pace) allows(underWay int) bool { return p.limit == 0 || float64(underWay) < p.limit }

// shown adjusts the limit after a picture was shown. sent is when it was sent, and underWay how many were under way with it.
func (p *pace) shown(sent, now time.Time, underWay int) {
	switch took := now.Sub(sent); {
	case took > slow && p.lowered.Before(sent):
		if p.limit == 0 || p.limit > float64(underWay) {
			p.limit = float64(underWay)
		}
		p.limit = max(1, p.limit*float64(slow)/float64(took), p.limit/4)
		p.lowered = now
	case took < quick && p.limit > 0:
		p.limit += 1 / p.limit
		if p.limit > most {
			p.limit = 0
		}
	}
}

// most is the largest limit; beyond it, there is no limit.
const most = 2 * maxTiles
