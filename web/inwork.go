package web

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/framegate/framegate/configs"
	healthcheck "github.com/framegate/framegate/internal/health"
)

// inWork counts what is in work at a time, in all and by address. The zero value is ready to use. Any goroutine may call its methods.
type inWork struct {
	mu        sync.Mutex // guards the fields below
	count     int
	byAddress map[string]int
}

// enter counts something until leave is called. If it is beyond a limit, status is that of the answer: 503 if all is the limit, 429 if
// that of one address is. A limit of 0 is none.
func (c *inWork) enter(address string, all, one int) (leave func(), status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case one > 0 && c.byAddress[address] >= one:
		return nil, http.StatusTooManyRequests
	case all > 0 && c.count >= all:
		return nil, http.StatusServiceUnavailable
	}
	if c.byAddress == nil {
		c.byAddress = map[string]int{}
	}
	c.count++
	c.byAddress[address]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.count--
		if c.byAddress[address]--; c.byAddress[address] == 0 {
			delete(c.byAddress, address)
		}
	}, 0
}

// How many requests may be in work besides streams, in all and for one address. max_viewers and max_viewers_per_address limit streams.
const (
	requestsBesides      = 2000
	requestsOfOneBesides = 100
)

// requestLimits are how many requests may be in work, in all and for one address; 0 is no limit.
func requestLimits(config *configs.Config) (all, one int) {
	if config.MaxViewers > 0 {
		all = config.MaxViewers + requestsBesides
	}
	if viewers := viewersOfOne(config); viewers > 0 {
		one = viewers + requestsOfOneBesides
	}
	return all, one
}

// maxRefusing is how many requests beyond the limits are answered at a time. The streams of more are reset.
const maxRefusing = 1000

// limitRequests refuses requests beyond the limits, before anything is done for them. A connection of HTTP/2 may have 250 at a time, each
// with a head and a goroutine, and whoever sends them needs no right to anything.
func (s *server) limitRequests(next http.Handler) http.Handler {
	var refusing atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		all, one := requestLimits(s.config.Load())
		leave, status := s.requests.enter(addressOf(r), all, one)
		if leave != nil {
			defer leave()
			next.ServeHTTP(w, r)
			return
		}
		defer refusing.Add(-1)
		if refusing.Add(1) > maxRefusing {
			panic(http.ErrAbortHandler)
		}
		h := w.Header()
		h.Set(healthcheck.LimitHeader, "requests")
		headers(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if r.ProtoMajor < 2 {
				problem{Status: status, Detail: "too many requests are in work at this moment; try again", retryAfter: retryAfter}.write(w)
				return
			}
			h.Set("Retry-After", strconv.Itoa(retryAfter)) // a body would wait for as long as the client likes
			w.WriteHeader(status)
		})).ServeHTTP(w, r)
	})
}
