package auth

import "sync"

// Changes notifies of changes that may have ended rights, such as that a user was removed or a key revoked. The zero value is ready to
// use. Any goroutine may call its methods.
type Changes struct {
	mu      sync.Mutex    // guards the fields below
	call    func()        // nil for none
	running bool          // call is running
	again   bool          // there was a change since call began
	next    chan struct{} // closed at the next change; nil if nobody waits
}

// OnChange sets the function that runs after changes. Changes while it runs cause one more run. OnChange may be called once.
func (c *Changes) OnChange(call func()) {
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

// Changed reports that rights may have ended. It does not wait for the function of OnChange.
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
