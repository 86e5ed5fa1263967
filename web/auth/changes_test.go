package auth

import (
	"testing"
)

func TestChangesDuringACallAreFollowedByOneMore(t *testing.T) {
	calls, proceed := make(chan struct{}), make(chan struct{})
	var c Changes
	c.OnChange(func() {
		calls <- struct{}{}
		<-proceed
	})
	c.Changed()
	<-calls
	for range 3 {
		c.Changed()
	}
	proceed <- struct{}{}
	<-calls
	proceed <- struct{}{}
	for {
		c.mu.Lock()
		running := c.running
		c.mu.Unlock()
		if !running {
			return
		}
		select {
		case <-calls:
			t.Fatal("a third call")
		default:
		}
	}
}

func TestChangeWakesThoseWhoWaitForTheNextOne(t *testing.T) {
	var c Changes
	c.Changed()
	next := c.Next()
	select {
	case <-next:
		t.Error("an earlier change")
	default:
	}
	c.Changed()
	<-next
}
