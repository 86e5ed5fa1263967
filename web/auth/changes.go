package auth

import "sync"

// Changes are those by which rights may have ended, such as when a user was removed or a key revoked. The zero value is ready to use. Any
// goroutine may call its methods.
type Changes struct {
	mu      sync.Mutex    // guards what follows
	call    func()        // nil for none
	running bool          // call runs
	again   bool          // there was a change since it began
	next    chan struct{} // nil if nobody waits
}

// Call has a function called after each change, by one goroutine at a time. Changes that come while it runs have it called once more.
// Call is called at most once.
func (c *Changes) Call(call func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.call = call
}

// Next returns a channel that is closed at the next change.
func (c *Changes) Next() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next == nil {
		c.next = make(chan struct{})
	}
	return c.next
}

// Changed says that rights may have ended. It does not wait for the call.
func (c *Changes) Changed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next != nil {
		close(c.next)
		c.next = nil
	}
	if c.call == nil {
		return
	}
	c.again = true
	if !c.running {
		c.running = true
		go c.run()
	}
}

func (c *Changes) run() {
	for {
		c.mu.Lock()
		if !c.again {
			c.running = false
			c.mu.Unlock()
			return
		}
		c.again = false
		c.mu.Unlock()
		c.call()
	}
}
