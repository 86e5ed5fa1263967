package users

import (
	"sync"
	"time"
)

// allowance is how many attempts may fail: count of them at once, and one more after each pause.
type allowance struct {
	count int
	pause time.Duration
}

var (
	perAddress = allowance{20, 6 * time.Second}
	perName    = allowance{10, 30 * time.Second}
)

const (
	maxKnown    = 1024             // entries of each map of a limiter
	forgetAfter = 24 * time.Hour   // how long it is remembered that a user has signed in from an address
	freeAgain   = 10 * time.Minute // how long after a failure an address has another attempt beyond the limit of the name
)

// limiter limits the failed attempts from each address and for each name. Nobody can lock a user out: an address from which a user has
// signed in has a separate allowance for that user, and an address that has not failed for a name has one attempt beyond the limit
// of the name. The zero value is ready to use. Any goroutine may call its methods.
type limiter struct {
	mu       sync.Mutex // guards the fields below
	counts   map[subject]count
	signedIn map[subject]time.Time // when a user last signed in from an address
	failed   map[subject]time.Time // when an attempt for a name last began from an address, unless it succeeded
}

// subject is what has an allowance: an address, a name, or a name at an address from which that user has signed in.
type subject struct{ name, address string }

// count says how much of its allowance a subject has used.
type count struct {
	used    float64 // attempts, at the time at
	at      time.Time
	refused bool // an attempt was refused since the last one that was allowed
}

// attempt is one attempt to sign in. It counts as failed unless succeed or cancel is called.
type attempt struct {
	of       *limiter
	who      subject
	subjects []subject
	weight   float64
	known    bool      // the user has signed in from the address
	before   time.Time // when the previous attempt for the name failed from the address; zero if none did
}

// repeatWeight is the weight of an attempt with a name and a password that were wrong before. It guesses nothing, but a program that
// repeats it again and again is refused in the end.
const repeatWeight = 0.2

// begin counts an attempt with a weight: 1, or repeatWeight. If there were too many attempts, wait is above zero, and first says whether
// this is the first that is refused.
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
			c := l.current(s, now)
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
		c := l.current(s, now)
		c.used += weight
		c.refused = false
		l.set(s, c)
	}
	if !a.known {
		note(&l.failed, a.who, now)
	}
	return a, 0, false
}

// over returns by how much an attempt would exceed the allowance of a subject.
func (l *limiter) over(s subject, weight float64, now time.Time) float64 {
	return l.current(s, now).used + weight - float64(s.allowance().count)
}

// succeeded notes that a user has signed in from an address.
func (l *limiter) succeeded(name, address string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	note(&l.signedIn, subject{name, address}, now)
}

// note sets the time of a subject, and makes room for it.
func note(times *map[subject]time.Time, s subject, now time.Time) {
	if *times == nil {
		*times = map[subject]time.Time{}
	}
	if _, ok := (*times)[s]; !ok {
		makeRoom(*times, func(then time.Time) time.Duration { return now.Sub(then) })
	}
	(*times)[s] = now
}

// cancel ends an attempt as if it had not begun.
func (a attempt) cancel() {
	a.of.mu.Lock()
	defer a.of.mu.Unlock()
	a.undo()
}

// succeed ends an attempt with the right password.
func (a attempt) succeed(now time.Time) {
	a.of.mu.Lock()
	defer a.of.mu.Unlock()
	a.undo()
	note(&a.of.signedIn, a.who, now)
}

// undo undoes what begin has counted. The limiter's mu is held.
func (a attempt) undo() {
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

// current returns the count of a subject at the time now.
func (l *limiter) current(s subject, now time.Time) count {
	c := l.counts[s]
	c.used = max(c.used-float64(now.Sub(c.at))/float64(s.allowance().pause), 0)
	c.at = now
	return c
}

// set stores a count. If there are too many, it forgets one that is old and little used.
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

// makeRoom removes the oldest entry of a map if the map is full.
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
