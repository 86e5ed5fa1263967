package pipeline

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"framegate/configs"
)

// Machine is what this machine can make pictures with, as far as it has been tried. The zero Machine knows that
// software works. Its methods may be called from any goroutine.
type Machine struct {
	mu        sync.Mutex         // of what follows
	works     map[string]bool    // by the key of a plan
	known     map[string][]plan  // by codec and choice, what plans has answered
	fallbacks map[*fallback]bool // of the feeds that run
	busy      map[*platform]int  // pictures that are made by a platform
	waiting   []waiting          // the longest first
}

// waiting is a camera that found no place on a platform that made pictures of others.
type waiting struct {
	fallback *fallback
	plan     plan
	until    time.Time // when it tries again in any case
}

// NewFeed returns the feed of a source, whose pictures are made by what the machine has. It does not connect.
func (m *Machine) NewFeed(src configs.Source) (*Feed, error) {
	feed, err := NewFeed(src)
	if err != nil {
		return nil, err
	}
	feed.plans.machine, feed.plans.choice, feed.plans.watched = m, src.Plans, feed.watched
	return feed, nil
}

// Know takes over what proofs have shown.
func (m *Machine) Know(found Hardware) {
	m.mu.Lock()
	m.works, m.known = map[string]bool{}, nil
	for _, p := range found.Plans {
		m.works[p.Key] = p.Status == Works
	}
	fallbacks := slices.Collect(maps.Keys(m.fallbacks))
	m.mu.Unlock()
	for _, l := range fallbacks {
		l.changedPlans()
	}
}

// join makes a fallback hear of what becomes known, until part is called.
func (m *Machine) join(l *fallback) (part func()) {
	if m == nil {
		return func() {}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fallbacks == nil {
		m.fallbacks = map[*fallback]bool{}
	}
	m.fallbacks[l] = true
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.fallbacks, l)
		m.waiting = slices.DeleteFunc(m.waiting, func(w waiting) bool { return w.fallback == l })
	}
}

// plans are all plans that may be used for a codec, the best first. The last is software. The caller must not change
// them.
func (m *Machine) plans(codec string, choice configs.Plans) []plan {
	of := strings.Join([]string{codec, choice.Hardware, choice.Decoder, choice.Encoder}, " ")
	m.mu.Lock()
	defer m.mu.Unlock()
	if known, ok := m.known[of]; ok {
		return known
	}
	var all []plan
	for _, p := range candidates(codec, choice) {
		if p.proof == "" || m.works[p.proof] {
			all = append(all, p)
		}
	}
	if m.known == nil {
		m.known = map[string][]plan{}
	}
	m.known[of] = append(all, softwarePlan(codec))
	return m.known[of]
}

// enter notes that a picture comes of a platform, until leave is called.
func (m *Machine) enter(on *platform) (leave func()) {
	if m == nil {
		return func() {}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.busy == nil {
		m.busy = map[*platform]int{}
	}
	m.busy[on]++
	return func() { m.leave(on) }
}

// makes reports whether pictures come of a platform just now.
func (m *Machine) makes(on *platform) bool {
	if m == nil {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.busy[on] > 0
}

// wait makes a camera that found no place on a platform the next to try, unless nothing else is made by it: then it
// was not for want of a place.
func (m *Machine) wait(w waiting) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting = slices.DeleteFunc(m.waiting, func(o waiting) bool { return o.fallback == w.fallback && o.plan.platform == w.plan.platform })
	if m.busy[w.plan.platform] > 0 {
		m.waiting = append(m.waiting, w)
	}
}

// leave gives a place to the camera that has waited longest for one and still does.
func (m *Machine) leave(on *platform) {
	m.mu.Lock()
	m.busy[on]--
	m.mu.Unlock()
	for {
		m.mu.Lock()
		i := slices.IndexFunc(m.waiting, func(w waiting) bool { return w.plan.platform == on })
		if i < 0 {
			m.mu.Unlock()
			return
		}
		next := m.waiting[i]
		m.waiting = slices.Delete(m.waiting, i, i+1)
		m.mu.Unlock()
		// One that nobody watches now would leave the place empty; it tries when somebody does.
		if next.fallback.release(next.plan, next.until) && next.fallback.watched() {
			return
		}
	}
}
