// Package backoff says how long to wait before something that has failed is tried again.
package backoff

import "time"

// Policy is a pause that doubles with each failure in a row.
type Policy struct {
	First   time.Duration // after the first failure
	Longest time.Duration // the pauses grow no further; at least First
}

// Pause returns the pause after a number of failures in a row, which is at least 1.
func (p Policy) Pause(failures int) time.Duration {
	pause := p.First
	for ; failures > 1 && pause < p.Longest; failures-- {
		pause *= 2
	}
	return min(pause, p.Longest)
}

// AfterRefusal is how long to wait before a password is sent again that was refused. Cameras lock an account after a few wrong ones.
var AfterRefusal = Policy{First: time.Minute, Longest: 15 * time.Minute}
