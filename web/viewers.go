package web

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/framegate/framegate/configs"
)

// viewerLimits counts the viewers of streams, in all and by visitor, and refuses those beyond the limits of the configuration.
type viewerLimits struct {
	mu    sync.Mutex // guards the fields below
	count int
	of    map[string]int // by visitorOf and sharedOf
	ended chan struct{}  // closed when the last stream has ended; nil while streams may begin
}

// enter counts a viewer until leave is called. It refuses one who is beyond a limit.
func (v *viewerLimits) enter(r *http.Request, config *configs.Config) (leave func(), refused *problem) {
	name, shared := visitorOf(r), sharedOf(r)
	v.mu.Lock()
	defer v.mu.Unlock()
	switch most, one := config.MaxViewers, viewersOfOne(config, r); {
	case v.ended != nil:
		return nil, &problem{Status: http.StatusServiceUnavailable, Detail: "framegate is shutting down", retryAfter: retryAfter}
	case most > 0 && v.count >= most:
		return nil, &problem{
			Status: http.StatusServiceUnavailable, retryAfter: retryAfter,
			Detail: fmt.Sprintf("framegate already has %d viewers, the limit set by max_viewers", most),
		}
	case one.most > 0 && v.of[name] >= one.most:
		why := "the limit set by " + one.key
		if one.most < one.configured {
			why = fmt.Sprintf("and an eighth of the %d that max_viewers allows is reserved for others; %s: 0 turns this off", most, one.key)
		}
		return nil, &problem{
			Status: http.StatusTooManyRequests, retryAfter: retryAfter,
			Detail: fmt.Sprintf("%s already has %d viewers, %s", name, one.most, why),
		}
	case shared != "" && most > 0 && v.of[shared] >= notReserved(most):
		return nil, &problem{
			Status: http.StatusTooManyRequests, retryAfter: retryAfter,
			Detail: fmt.Sprintf("%s already has %d viewers, and an eighth of the %d that max_viewers allows is reserved for others", shared, notReserved(most), most),
		}
	}
	if v.of == nil {
		v.of = map[string]int{}
	}
	v.count++
	v.of[name]++
	if shared != "" {
		v.of[shared]++
	}
	return func() { v.leave(name, shared) }, nil
}

// oneLimit is a limit on the viewers of one visitor.
type oneLimit struct {
	key              string // of the configuration
	configured, most int    // 0 for no limit
}

// viewersOfOne returns how many viewers the visitor who sent a request may have. An eighth of max_viewers is reserved for others.
func viewersOfOne(config *configs.Config, r *http.Request) oneLimit {
	limit := oneLimit{key: "max_viewers_per_address", configured: config.MaxViewersPerAddress}
	if hasName(r) {
		limit = oneLimit{key: "max_viewers_per_user", configured: config.MaxViewersPerUser}
	}
	limit.most = limit.configured
	if config.MaxViewers > 0 {
		limit.most = min(limit.most, notReserved(config.MaxViewers))
	}
	return limit
}

// notReserved returns how many of all viewers one visitor may have.
func notReserved(all int) int { return all - all/8 }

func (v *viewerLimits) leave(names ...string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.count--
	for _, name := range names {
		if v.of[name]--; v.of[name] <= 0 {
			delete(v.of, name)
		}
	}
	if v.count == 0 && v.ended != nil {
		close(v.ended)
	}
}

// close refuses further viewers and blocks until all have left. It is called once.
func (v *viewerLimits) close() {
	v.mu.Lock()
	v.ended = make(chan struct{})
	if v.count == 0 {
		close(v.ended)
	}
	v.mu.Unlock()
	<-v.ended
}
