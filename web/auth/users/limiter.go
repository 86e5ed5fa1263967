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

// maxKnown bounds what a limiter remembers, forgetAfter is how long it remembers that a user has signed in from an address, and
// freeAgain is after how long an address that has failed for a name has another attempt beyond the limit of the name.
const (
	maxKnown    = 1024
	forgetAfter = 24 * time.Hour
	freeAgain   = 10 * time.Minute
)

// limiter limits the wrong passwords of each address and each name. Nobody else can lock a user out: an address from which a user has
// signed in has an allowance of its own for that user, and one that has not failed for a name has one attempt beyond the limit of the
// name. The zero value is ready to use. Any goroutine may call its methods.
type limiter struct {
	mu       sync.Mutex // guards what follows
	counts   map[subject]count
	signedIn map[subject]time.Time // when a user last signed in from an address
	failed   map[subject]time.Time // when an attempt for a name was last begun from an address, unless it succeeded
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
	known    bool      // the user has signed in from the address
	before   time.Time // when an attempt for the name had failed from the address; zero if none had
}

// repeatWeight is what an attempt counts with a name and a password that were wrong before: it guesses nothing, but a program that goes
// on and on is told to stop.
const repeatWeight = 0.2

// begin counts an attempt as much as its weight, which is 1 but for a repeated one. wait is above zero if there were too many; first then
// says that it is the first that is refused.
func (l *limiter) begin(name, address string, weight float64, now time.Time) (a attempt, wait time.Duration, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a = attempt{of: l, who: subject{name, address}, weight: weight}
	signedIn, ok := l.signedIn[a.who]
	a.known = ok && now.Sub(signedIn) < forgetAfter
	a.before, ok = l.failed[a.who]
	free := !ok || now.Sub(a.before) >= freeAgain
	switch ofName := (subject{name: name}); {
	case a.known:
		a.subjects = []subject{a.who}
	case free && l.over(ofName, weight, now) > 0:
		a.subjects = []subject{{address: address}}
	default:
		a.subjects = []subject{ofName, {address: address}}
	}
	for _, s := range a.subjects {
		if over := l.over(s, weight, now); over > 0 {
			c := l.present(s, now)
			wait = max(wait, time.Duration(over*float64(s.allowance().pause)))
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
	if !a.known {
		note(&l.failed, a.who, now)
	}
	return a, 0, false
}

// over is by how much an attempt would exceed the allowance of a subject.
func (l *limiter) over(s subject, weight float64, now time.Time) float64 {
	return l.present(s, now).used + weight - float64(s.allowance().count)
}

// succeeded notes that a user has signed in from an address.
func (l *limiter) succeeded(name, address string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	note(&l.signedIn, subject{name, address}, now)
}

// note notes when something was last so.
func note(times *map[subject]time.Time, s subject, now time.Time) {
	if *times == nil {
		*times = map[subject]time.Time{}
	}
	if _, ok := (*times)[s]; !ok {
		makeRoom(*times, func(then time.Time) time.Duration { return now.Sub(then) })
	}
	(*times)[s] = now
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
	note(&a.of.signedIn, a.who, now)
}

func (a attempt) takeBack() {
	switch {
	case a.known:
	case a.before.IsZero():
		delete(a.of.failed, a.who)
	default:
		a.of.failed[a.who] = a.before
	}
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
