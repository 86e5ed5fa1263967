package plan

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/framegate/framegate/configs"
)

// Machine records which plans work on this machine. The zero Machine knows that software works. Its methods may be called from
// any goroutine.
type Machine struct {
	// Memory returns how many bytes the process may take, 0 for any number, and how many it takes, to one who needs some more. Nil stands
	// for any number. It is set before there are fallbacks. Any goroutine may call it.
	Memory func(need int64) (limit, taken int64)

	hanging atomic.Int64 // pipelines in software that hang now

	mu        sync.Mutex         // guards what follows
	claimed   int64              // bytes that decoders will take, see Claim
	works     map[string]bool    // whether a plan works, by its key
	known     map[string][]Plan  // results of plans, cached by codec and choice
	fallbacks map[*Fallback]bool // of the running feeds
	busy      map[*platform]int  // how many pictures a platform makes
	waiting   []waiting          // in order of arrival
}

// waiting is a camera that waits for a session on a busy platform.
type waiting struct {
	fallback *Fallback
	plan     Plan
	until    time.Time // when it tries again in any case
}

// NewFallback returns the plans of a camera. watched reports whether pictures of the camera are being made. It may be called
// from any goroutine.
func (m *Machine) NewFallback(choice configs.Plans, watched func() bool) *Fallback {
	return &Fallback{machine: m, choice: choice, watched: watched}
}

// SetProofs sets the results of Prove and wakes all fallbacks.
func (m *Machine) SetProofs(found Hardware) {
	m.mu.Lock()
	m.works, m.known = map[string]bool{}, nil
	for _, p := range found.Plans {
		m.works[p.Key] = p.Status == Works
	}
	fallbacks := slices.Collect(maps.Keys(m.fallbacks))
	m.mu.Unlock()
	for _, f := range fallbacks {
		f.wake()
	}
}

// join makes SetProofs wake a fallback until leave is called.
func (m *Machine) join(f *Fallback) (leave func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fallbacks == nil {
		m.fallbacks = map[*Fallback]bool{}
	}
	m.fallbacks[f] = true
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.fallbacks, f)
		m.waiting = slices.DeleteFunc(m.waiting, func(w waiting) bool { return w.fallback == f })
	}
}

// plans returns all plans that may be used for a codec, the best first. The last one is software. The caller must not change
// the slice.
func (m *Machine) plans(codec string, choice configs.Plans) []Plan {
	of := strings.Join([]string{codec, choice.Hardware, choice.Decoder, choice.Encoder}, " ")
	m.mu.Lock()
	defer m.mu.Unlock()
	if known, ok := m.known[of]; ok {
		return known
	}
	var all []Plan
	for _, p := range candidates(codec, choice) {
		if p.proof == "" || m.works[p.proof] {
			all = append(all, p)
		}
	}
	if m.known == nil {
		m.known = map[string][]Plan{}
	}
	m.known[of] = append(all, softwarePlan(codec))
	return m.known[of]
}

// enter records that a platform makes a picture until leave is called.
func (m *Machine) enter(on *platform) (leave func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.busy == nil {
		m.busy = map[*platform]int{}
	}
	m.busy[on]++
	return func() { m.leave(on) }
}

// makes reports whether a platform makes pictures now.
func (m *Machine) makes(on *platform) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.busy[on] > 0
}

// wait puts a camera that got no session of a platform at the end of the queue for one. It does nothing if the platform makes no
// other picture: then a lack of sessions was not the cause.
func (m *Machine) wait(w waiting) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting = slices.DeleteFunc(m.waiting, func(o waiting) bool { return o.fallback == w.fallback && o.plan.platform == w.plan.platform })
	if m.busy[w.plan.platform] > 0 {
		m.waiting = append(m.waiting, w)
	}
}

// leave gives the freed session of a platform to the camera that has waited longest and still has viewers.
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
		// A camera that nobody watches would not use the session. It tries again when somebody watches it.
		if next.fallback.release(next.plan, next.until) && next.fallback.watched() {
			return
		}
	}
}
