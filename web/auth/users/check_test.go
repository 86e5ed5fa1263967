package users

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/configs/password"
	"github.com/framegate/framegate/web/auth"
)

func TestFewHashesAreMadeAtATimeAndOthersWait(t *testing.T) {
	s := newSite(t)
	inside, release := make(chan struct{}, 1000), make(chan struct{})
	s.matches = func(password, hash string) bool {
		inside <- struct{}{}
		<-release
		return true
	}
	results := make(chan int, maxHashes+maxWaiting)
	for i := range maxHashes + maxWaiting {
		go func() {
			_, err := s.Check(context.Background(), "ann", "x", fmt.Sprint("192.0.2.", i))
			if err == nil {
				results <- 200
			} else {
				results <- err.(*auth.Error).Status
			}
		}()
	}
	_ = results
	for range maxHashes {
		<-inside
	}
	if len(inside) != 0 {
		t.Errorf("%d hashes more at the same time", len(inside))
	}
	close(release)
	for range maxHashes + maxWaiting {
		<-results
	}
}

func TestStrangersDoNotKeepKnownUsersFromBeingHashed(t *testing.T) {
	s := newSite(t)
	if got := s.find(t, "ann", "correct horse", "192.0.2.1"); got != 200 {
		t.Fatal(got)
	}
	for range maxHashes { // strangers
		if !s.hashes.enter(t.Context(), ofStrangers) {
			t.Fatal("the queue is closed")
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var strangers sync.WaitGroup
	defer strangers.Wait()
	defer cancel()
	wait := func(n int) {
		for range n {
			strangers.Go(func() {
				if s.hashes.enter(ctx, ofStrangers) {
					s.hashes.leave()
				}
			})
		}
		for s.hashes.length(ofStrangers) < maxWaiting {
			runtime.Gosched()
		}
	}
	wait(maxWaiting)
	if _, err := s.Check(t.Context(), "ann", "correct horse", "192.0.2.2"); status(t, err) != 503 {
		t.Errorf("a stranger: %v", err)
	}
	result := make(chan error)
	s.matches = func(string, string) bool { return s.hashes.length(ofStrangers) >= maxWaiting-2 } // the queue has not gone down
	go func() {
		_, err := s.Check(t.Context(), "ann", "correct horse", "192.0.2.1")
		result <- err
	}()
	for s.hashes.length(ofUsers) == 0 {
		runtime.Gosched()
	}
	s.hashes.leave()
	if err := <-result; err != nil {
		t.Errorf("where ann has signed in: %v", err)
	}
	cancel()
	strangers.Wait()
	for range maxHashes - 1 {
		s.hashes.leave()
	}
	if s.hashes.inside != 0 {
		t.Errorf("%d places are lost", s.hashes.inside)
	}
}

// length returns how many requests wait in a line.
func (q *queue) length(of line) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting[of])
}

// TestSignInsAndChangesShareOneQueue of which users and strangers have turns.
func TestSignInsAndChangesShareOneQueue(t *testing.T) {
	var q queue
	for i := range maxHashes {
		if !q.enter(t.Context(), line(i%2)) {
			t.Fatal("the queue is closed")
		}
	}
	entered := make(chan line)
	for _, in := range []line{ofStrangers, ofStrangers, ofUsers, ofUsers} {
		before := q.length(in)
		go func() {
			if q.enter(t.Context(), in) {
				entered <- in
			}
		}()
		for q.length(in) == before {
			runtime.Gosched()
		}
	}
	last := q.last
	for range 4 {
		q.leave()
		now := <-entered
		if now == last {
			t.Errorf("line %d had two turns", now)
		}
		last = now
	}
	select {
	case <-entered:
		t.Error("more hashes at a time than allowed")
	default:
	}
}

// TestUnknownNameIsComparedWithTheDearestHash has users whose hashes are of different times.
func TestUnknownNameIsComparedWithTheDearestHash(t *testing.T) {
	s := newSite(t)
	user := func(name string, memory, passes int) configs.User {
		text := fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=1$c2FsdHNhbHQ$MTIzNDU2Nzg5MDEyMzQ1Ng", memory, passes)
		return configs.User{Name: name, PasswordHash: configs.Secret(text)}
	}
	var with string
	s.matches = func(_, hash string) bool {
		with = hash
		return false
	}
	s.Configure(configOf(user("ann", 64, 1), user("bob", 32, 3), user("cat", 16, 4)))
	if s.find(t, "eve", "wrong", "192.0.2.1"); !strings.Contains(with, "m=32,t=3") {
		t.Errorf("compared with %s", with)
	}
}

func TestRequestDoesNotWaitInALongQueueOrAfterItsEnd(t *testing.T) {
	var q queue
	for range maxHashes {
		if !q.enter(t.Context(), ofUsers) {
			t.Fatal("the queue is closed")
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if q.enter(ended, ofUsers) {
		t.Error("a request that has ended was let in")
	}
	waiting := q.waiting[ofUsers]
	q.waiting[ofUsers] = make([]chan struct{}, maxWaiting)
	if q.enter(t.Context(), ofUsers) { // without waiting
		t.Error("a request was let in beyond the queue")
	}
	q.waiting[ofUsers] = waiting
	q.leave()
	if !q.enter(t.Context(), ofUsers) {
		t.Error("the queue stays closed")
	}
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	var l limiter
	m := newMemory()
	now := time.Unix(1_800_000_000, 0)
	for i := range maxKnown + 50 {
		name := fmt.Sprint(i)
		a, _, _ := l.begin(name, name, 1, now)
		if i%2 == 0 {
			a.succeed(now)
		}
		m.add(m.key(name, name), verdict{"x", true}, now)
	}
	if len(l.counts) > maxKnown || len(l.signedIn) > maxKnown || len(l.failed) > maxKnown || len(m.entries) > maxKnown {
		t.Errorf("%d counts, %d addresses, %d passwords", len(l.counts), len(l.signedIn), len(m.entries))
	}
}

func TestPasswordsAreNotRememberedAsTheyAre(t *testing.T) {
	a, b := newMemory(), newMemory()
	if a.key("ann", "x") == b.key("ann", "x") {
		t.Error("the key is the same in two processes")
	}
	if a.key("ann", "x") == a.key("an", "nx") {
		t.Error("name and password are not kept apart")
	}
}

// TestUnknownNameCostsWhatAWrongPasswordCosts counts hashes, and looks at what they are compared with: their parameters are the time.
func TestUnknownNameCostsWhatAWrongPasswordCosts(t *testing.T) {
	s := newSite(t)
	var with []string
	matches := s.matches
	s.matches = func(password, hash string) bool {
		with = append(with, hash[:strings.LastIndex(hash, ",p=")])
		return matches(password, hash)
	}
	for _, name := range []string{"ann", "eve", strings.Repeat("e", 5000), ""} {
		if got := s.find(t, name, "wrong", "192.0.2.1"); got != 401 {
			t.Errorf("%.10s: %d", name, got)
		}
	}
	if len(with) != 4 || with[1] != with[0] || with[2] != with[0] || with[3] != with[0] {
		t.Errorf("hashes: %q", with)
	}
	if text := s.log.String(); strings.Contains(text, "who=eve") || strings.Contains(text, "eeee") || strings.Count(text, "sign-in failed") != 4 {
		t.Errorf("the log:\n%s", text)
	}
}

func TestRightPasswordOfAnotherUserOpensNoUnknownName(t *testing.T) {
	s := newSite(t)
	for _, password := range []string{"correct horse", "battery staple"} {
		if got := s.find(t, "eve", password, "192.0.2.1"); got != 401 {
			t.Errorf("%s: %d", password, got)
		}
	}
}

func TestPasswordIsChangedAFewTimesAtOnce(t *testing.T) {
	s := newSite(t)
	s.find(t, "ann", "correct horse", "192.0.2.1")
	s.hashed.Store(0)
	status := map[int]int{}
	for range perName.count + 2 {
		_, err := s.Change(t.Context(), "ann", "correct horse", "purple horse", "192.0.2.1")
		got := 200
		if err != nil {
			got = err.(*auth.Error).Status
		}
		status[got]++
	}
	if status[200] != perName.count || status[429] != 2 {
		t.Errorf("%v", status)
	}
	if n := s.hashed.Load(); n != int64(perName.count) {
		t.Errorf("%d passwords were hashed", n)
	}
	s.pass(perName.pause)
	changed, err := s.Change(t.Context(), "ann", "correct horse", "purple horse", "192.0.2.1")
	if err != nil || changed.Was != s.users[0].PasswordHash || !password.Matches("purple horse", changed.Hash.Reveal()) || changed.Stamp != stampOf(changed.Hash) {
		t.Errorf("%+v, %v", changed, err)
	}
}

func TestNewPasswordWaitsForItsTurn(t *testing.T) {
	s := newSite(t)
	inside := 0
	s.hash = func(string) (string, error) {
		inside = s.hashes.inside
		return "hash", nil
	}
	if hash, err := s.Hash(t.Context(), "a good password"); hash.Reveal() != "hash" || err != nil || inside != 1 || s.hashes.inside != 0 {
		t.Errorf("%s %v, with %d in the queue", hash.Reveal(), err, inside)
	}
	for range maxHashes {
		if !s.hashes.enter(t.Context(), ofUsers) {
			t.Fatal("the queue is closed")
		}
	}
	s.hashes.waiting[ofUsers] = make([]chan struct{}, maxWaiting)
	if _, err := s.Hash(t.Context(), "a good password"); status(t, err) != 503 || err.(*auth.Error).RetryAfter == 0 {
		t.Errorf("beyond the queue: %v", err)
	}
}
