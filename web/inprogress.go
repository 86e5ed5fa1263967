package web

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/framegate/framegate/configs"
	healthcheck "github.com/framegate/framegate/internal/health"
)

// inProgress counts requests in progress, in all and by address or visitor. The zero value is ready to use. Any goroutine may call its methods.
type inProgress struct {
	mu        sync.Mutex // guards the fields below
	count     int
	byAddress map[string]int
}

// enter counts a request until leave is called. Beyond a limit leave is nil, and status is that of the answer: 503 if there are all
// requests, 429 if the address has one as many. A limit of 0 means no limit.
func (c *inProgress) enter(address string, all, one int) (leave func(), status int) {
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

// How many requests may be in progress besides streams, in all and from one address. max_viewers and max_viewers_per_address limit streams.
const (
	requestsBesides      = 2000
	requestsOfOneBesides = 100
)

// requestLimits returns how many requests may be in progress, in all and from one address; 0 means no limit.
func requestLimits(config *configs.Config) (all, one int) {
	if config.MaxViewers > 0 {
		all = config.MaxViewers + requestsBesides
	}
	if viewers := viewersOfOne(config, nil).most; viewers > 0 { // who asks is not known yet
		one = viewers + requestsOfOneBesides
	}
	return all, one
}

// maxRefusing is how many requests beyond the limits are answered at a time. Further ones are aborted without an answer.
const maxRefusing = 1000

// limitRequests refuses requests beyond the limits before it does anything for them. An HTTP/2 connection may have 250 requests at a
// time, each with a head and a goroutine, and anybody may send them.
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
		s.visitLog.Warn("request refused", "from", addressOf(r), "status", status, "reason", "too many requests are in progress")
		defer refusing.Add(-1)
		if refusing.Add(1) > maxRefusing {
			panic(http.ErrAbortHandler)
		}
		h := w.Header()
		h.Set(healthcheck.LimitHeader, "requests")
		headers(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if r.ProtoMajor < 2 {
				problem{Status: status, Detail: "too many requests are in progress; try again", retryAfter: retryAfter}.write(w)
				return
			}
			h.Set("Retry-After", strconv.Itoa(retryAfter)) // no body: the client could make it wait without end
			w.WriteHeader(status)
		})).ServeHTTP(w, r)
	})
}
