package web

import (
	"fmt"
	"net"
	"net/http"
	"sync"

	"framegate/configs"
)

// crowd counts the streams that are being sent, in all and to each address.
type crowd struct {
	mu     sync.Mutex // of what follows
	all    int
	to     map[string]int
	closed chan struct{} // closed when the last stream has ended; nil while streams may begin
}

// enter counts a stream that is asked for, until leave is called; or says why there is no place for it.
func (c *crowd) enter(r *http.Request, config *configs.Config) (leave func(), full *problem) {
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed != nil:
		return nil, &problem{Status: http.StatusServiceUnavailable, retryAfter: retryAfter, Detail: "framegate ends"}
	case config.MaxViewers > 0 && c.all >= config.MaxViewers:
		return nil, &problem{
			Status: http.StatusServiceUnavailable, retryAfter: retryAfter,
			Detail: fmt.Sprintf("%d streams are being sent already, as many as max_viewers allows", config.MaxViewers),
		}
	case config.MaxViewersPerAddress > 0 && c.to[address] >= config.MaxViewersPerAddress:
		return nil, &problem{
			Status: http.StatusTooManyRequests, retryAfter: retryAfter,
			Detail: fmt.Sprintf("%d streams are being sent to %s already, as many as max_viewers_per_address allows", config.MaxViewersPerAddress, address),
		}
	}
	if c.to == nil {
		c.to = map[string]int{}
	}
	c.all++
	c.to[address]++
	return func() { c.leave(address) }, nil
}

func (c *crowd) leave(address string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	if c.to[address]--; c.to[address] == 0 {
		delete(c.to, address)
	}
	if c.all == 0 && c.closed != nil {
		close(c.closed)
	}
}

// close lets no further stream begin, and blocks until all have ended. It is called once.
func (c *crowd) close() {
	c.mu.Lock()
	c.closed = make(chan struct{})
	if c.all == 0 {
		close(c.closed)
	}
	c.mu.Unlock()
	<-c.closed
}
