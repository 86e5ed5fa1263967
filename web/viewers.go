package web

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/framegate/framegate/configs"
)

// viewerLimits counts the viewers of streams, in all and by address, and refuses those beyond the limits of the configuration.
type viewerLimits struct {
	mu        sync.Mutex // guards the fields below
	count     int
	byAddress map[string]int
	ended     chan struct{} // closed when the last stream has ended; nil while streams may begin
}

// enter counts a viewer until leave is called. It refuses one who is beyond a limit.
func (v *viewerLimits) enter(r *http.Request, config *configs.Config) (leave func(), refused *problem) {
	address := addressOf(r)
	v.mu.Lock()
	defer v.mu.Unlock()
	switch most, mostOfOne := config.MaxViewers, viewersOfOne(config); {
	case v.ended != nil:
		return nil, &problem{Status: http.StatusServiceUnavailable, Detail: "framegate is shutting down", retryAfter: retryAfter}
	case most > 0 && v.count >= most:
		return nil, &problem{
			Status: http.StatusServiceUnavailable, retryAfter: retryAfter,
			Detail: fmt.Sprintf("framegate already has %d viewers, the limit set by max_viewers", most),
		}
	case mostOfOne > 0 && v.byAddress[address] >= mostOfOne:
		why := "the limit set by max_viewers_per_address"
		if mostOfOne < config.MaxViewersPerAddress {
			why = fmt.Sprintf("and an eighth of the %d that max_viewers allows is reserved for other addresses; max_viewers_per_address: 0 turns this off", most)
		}
		return nil, &problem{
			Status: http.StatusTooManyRequests, retryAfter: retryAfter,
			Detail: fmt.Sprintf("%s already has %d viewers, %s", address, mostOfOne, why),
		}
	}
	if v.byAddress == nil {
		v.byAddress = map[string]int{}
	}
	v.count++
	v.byAddress[address]++
	return func() { v.leave(address) }, nil
}

// viewersOfOne returns how many viewers one address may have, 0 for no limit. An eighth of max_viewers is reserved for other addresses.
func viewersOfOne(config *configs.Config) int {
	all, one := config.MaxViewers, config.MaxViewersPerAddress
	if all > 0 {
		one = min(one, all-all/8)
	}
	return one
}

func (v *viewerLimits) leave(address string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.count--
	if v.byAddress[address]--; v.byAddress[address] == 0 {
		delete(v.byAddress, address)
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
