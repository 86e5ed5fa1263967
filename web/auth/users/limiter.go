package users

import (
	"sync"
	"time"
)

// allowance is how many wrong passwords are accepted: count at once, and one more after each pause.
type allowance struct {
	count int
	pause time.Duration
}

var (
	perAddress = allowance{20, 6 * time.Second}
	perName    = allowance{10, 30 * time.Second}
)

// maxKnown bounds what a limiter remembers, and forgetAfter is how long it remembers that a user has signed in from an address.
const (
	maxKnown    = 1024
	forgetAfter = 24 * time.Hour
)

// limiter limits the wrong passwords of each address and each name. An address from which a user has signed in has an allowance of
// its own for that user, so that nobody else can lock the user out there. The zero value is ready to use. Any goroutine may call its
// methods.
type limiter struct {
	mu       sync.Mutex // guards what follows
	counts   map[subject]count
	signedIn map[subject]time.Time // when a user last signed in from an address
}

// subject is what is limited: an address, a name, or a name at an address.
type subject struct{ name, address string }

// count is how many attempts are counted for a subject.
type count struct {
	used    float64   // at the time
	at      time.Time // when used was true
	refused bool      // since the last attempt that was accepted
}

// attempt is one attempt to sign in. It counts as a wrong password unless succeed or cancel is called.
type attempt struct {
	of       *limiter
	who      subject
	subjects []subject
	weight   float64
}

// repeatWeight is what an attempt counts with a name and a password that were wrong before: it guesses nothing, but a program that goes
// on and on is told to stop.
const repeatWeight = 0.2

// begin counts an attempt as much as its weight, which is 1 but for a repeated one. wait is above zero if there were too many; first then
// says that it is the first that is refused.
func (l *limiter) begin(name, address string, weight float64, now time.Time) (a attempt, wait time.Duration, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a = attempt{l, subject{name, address}, []subject{{name: name}, {address: address}}, weight}
	if then, ok := l.signedIn[a.who]; ok && now.Sub(then) < forgetAfter {
		a.subjects = []subject{a.who}
	}
	for _, s := range a.subjects {
		allowed, c := s.allowance(), l.present(s, now)
		if over := c.used + weight - float64(allowed.count); over > 0 {
			wait = max(wait, time.Duration(over*float64(allowed.pause)))
			first = first || !c.refused
			c.refused = true
			l.set(s, c)
		}
	}
	if wait > 0 {
		return attempt{}, wait, first
	}
	for _, s := range a.subjects {
		c := l.present(s, now)
		c.used += weight
		c.refused = false
		l.set(s, c)
	}
	return a, 0, false
}

// cancel makes an attempt one that did not happen.
func (a attempt) cancel() {
	a.of.mu.Lock()
	defer a.of.mu.Unlock()
	a.takeBack()
}

// succeed makes an attempt one with the right password.
func (a attempt) succeed(now time.Time) {
	a.of.mu.Lock()
	defer a.of.mu.Unlock()
	a.takeBack()
	if a.of.signedIn == nil {
		a.of.signedIn = map[subject]time.Time{}
	}
	makeRoom(a.of.signedIn, func(then time.Time) time.Duration { return now.Sub(then) })
	a.of.signedIn[a.who] = now
}

func (a attempt) takeBack() {
	for _, s := range a.subjects {
		if c, ok := a.of.counts[s]; ok {
			c.used = max(c.used-a.weight, 0)
			a.of.counts[s] = c
		}
	}
}

func (s subject) allowance() allowance {
	if s.name == "" {
		return perAddress
	}
	return perName
}

// present returns the count of a subject now.
func (l *limiter) present(s subject, now time.Time) count {
	c := l.counts[s]
	c.used = max(c.used-float64(now.Sub(c.at))/float64(s.allowance().pause), 0)
	c.at = now
	return c
}

// set keeps a count. Of too many it forgets the one that matters least.
func (l *limiter) set(s subject, c count) {
	if l.counts == nil {
		l.counts = map[subject]count{}
	}
	if _, ok := l.counts[s]; !ok {
		makeRoom(l.counts, func(other count) time.Duration {
			return c.at.Sub(other.at) - time.Duration(other.used*float64(perName.pause))
		})
	}
	l.counts[s] = c
}

// makeRoom removes the entry of a map with the greatest age if the map is full.
func makeRoom[K comparable, V any](entries map[K]V, age func(V) time.Duration) {
	if len(entries) < maxKnown {
		return
	}
	var oldest K
	var most time.Duration
	first := true
	for key, value := range entries {
		if a := age(value); first || a > most {
			oldest, most, first = key, a, false
		}
	}
	delete(entries, oldest)
}
