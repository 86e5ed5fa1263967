package users

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/web/auth"
)

func TestWrongPasswordsOfAnAddressAreLimited(t *testing.T) {
	s := newSite(t)
	for i := range perAddress.count {
		if got := s.find(t, fmt.Sprint("name", i), "wrong", "192.0.2.1"); got != 401 {
			t.Fatalf("%d: %d", i, got)
		}
	}
	hashed := s.hashed.Load()
	for range 3 {
		_, _, err := s.Find(request("ann", "correct horse", "192.0.2.1"))
		var refused *auth.Error
		if !errors.As(err, &refused) || refused.Status != 429 || refused.RetryAfter != int(perAddress.pause.Seconds()) {
			t.Errorf("%+v", err)
		}
	}
	if s.hashed.Load() != hashed {
		t.Error("a request that was refused took a hash")
	}
	if n := strings.Count(s.log.String(), "sign-in refused"); n != 1 {
		t.Errorf("%d lines of refusal for three requests:\n%s", n, &s.log)
	}
	if got := s.find(t, "ann", "correct horse", "192.0.2.2"); got != 200 {
		t.Errorf("another address: %d", got)
	}
	s.pass(perAddress.pause)
	if got := s.find(t, "ann", "correct horse", "192.0.2.1"); got != 200 {
		t.Errorf("after the pause: %d", got)
	}
}

// TestSameWrongPasswordIsHashedOnceAndCountsLess has a program that goes on with the password that it was given.
func TestSameWrongPasswordIsHashedOnceAndCountsLess(t *testing.T) {
	s := newSite(t)
	repeats := int((float64(perName.count) - 1) / repeatWeight)
	for i := range 1 + repeats {
		if got := s.find(t, "ann", "wrong", "192.0.2.1"); got != 401 {
			t.Fatalf("%d: %d", i, got)
		}
	}
	if n := s.hashed.Load(); n != 1 {
		t.Errorf("%d hashes", n)
	}
	if got := s.find(t, "ann", "wrong", "192.0.2.1"); got != 429 {
		t.Errorf("after %d times: %d", 1+repeats, got)
	}
}

func TestWrongPasswordsOfANameAreLimitedFromAllAddresses(t *testing.T) {
	s := newSite(t)
	if got := s.find(t, "ann", "correct horse", "192.0.2.200"); got != 200 {
		t.Fatal(got)
	}
	guesses := 0
	guess := func() string { guesses++; return fmt.Sprint("wrong", guesses) }
	for i := range perName.count {
		if got := s.find(t, "ann", guess(), fmt.Sprint("192.0.2.", i)); got != 401 {
			t.Fatalf("%d: %d", i, got)
		}
	}
	if got := s.find(t, "ann", guess(), "192.0.2.1"); got != 429 {
		t.Errorf("one more: %d", got)
	}
	if got := s.find(t, "bob", "battery staple", "192.0.2.100"); got != 200 {
		t.Errorf("another name: %d", got)
	}
	// Others do not lock a user out where the user has signed in.
	s.pass(rememberFor + time.Second)
	for i := range perName.count * 2 {
		s.find(t, "ann", guess(), fmt.Sprint("192.0.2.", i))
	}
	if got := s.find(t, "ann", "correct horse", "192.0.2.200"); got != 200 {
		t.Errorf("where ann has signed in: %d", got)
	}
	for range perName.count {
		s.find(t, "ann", guess(), "192.0.2.200")
	}
	if got := s.find(t, "ann", guess(), "192.0.2.200"); got != 429 {
		t.Errorf("guesses where ann has signed in: %d", got)
	}
}

func TestNobodyLocksAUserOutAtANewAddress(t *testing.T) {
	s := newSite(t)
	for i := range 2 * perName.count {
		s.find(t, "ann", fmt.Sprint("wrong", i), fmt.Sprint("192.0.2.", i/4))
	}
	const address = "192.0.2.100"
	if got := s.find(t, "ann", "wrong", address); got != 401 {
		t.Errorf("the first wrong password of an address: %d", got)
	}
	for _, password := range []string{"another", "correct horse"} {
		if got := s.find(t, "ann", password, address); got != 429 {
			t.Errorf("%s, where one has failed: %d", password, got)
		}
	}
	if got := s.find(t, "ann", "correct horse", "192.0.2.101"); got != 200 {
		t.Errorf("the right password at a new address: %d", got)
	}
	for i := range 3 * perName.count { // still beyond the limit of the name after the pause
		s.find(t, "ann", fmt.Sprint("guess", i), fmt.Sprint("198.51.100.", i))
	}
	s.pass(freeAgain)
	for i := range 3 * perName.count {
		s.find(t, "ann", fmt.Sprint("again", i), fmt.Sprint("198.51.100.", i))
	}
	if got := s.find(t, "ann", "correct horse", address); got != 200 {
		t.Errorf("after a while: %d", got)
	}
}

func TestAttemptThatDidNotHappenIsNoFailureAndHidesNone(t *testing.T) {
	var l limiter
	now := time.Unix(1_800_000_000, 0)
	for range perName.count {
		l.begin("ann", "192.0.2.1", 1, now)
	}
	for range 3 {
		a, wait, _ := l.begin("ann", "192.0.2.2", 1, now)
		if wait > 0 {
			t.Fatal("one that was cancelled counts")
		}
		a.cancel()
	}
	l.begin("ann", "192.0.2.3", 1, now)
	now = now.Add(perName.pause)
	a, wait, _ := l.begin("ann", "192.0.2.3", 1, now)
	if wait > 0 {
		t.Fatal("refused within the limit")
	}
	a.cancel()
	l.begin("ann", "192.0.2.1", 1, now)
	if _, wait, _ := l.begin("ann", "192.0.2.3", 1, now); wait == 0 {
		t.Error("cancelling an attempt makes room beyond the limit")
	}
}

// TestProgramThatIsRememberedStaysKnown has a program that asks for days, with guesses of others meanwhile.
func TestProgramThatIsRememberedStaysKnown(t *testing.T) {
	s := newSite(t)
	for range 2 * forgetAfter / (rememberFor / 2) {
		if got := s.find(t, "ann", "correct horse", "192.0.2.1"); got != 200 {
			t.Fatal(got)
		}
		s.pass(rememberFor / 2)
	}
	if a, _, _ := s.attempts.begin("ann", "192.0.2.1", 1, s.now()); !a.known {
		t.Error("the address is not known any more")
	}
}

func TestRightPasswordsAreNotLimited(t *testing.T) {
	s := newSite(t)
	for range 10 * perAddress.count {
		if _, err := s.Check(t.Context(), "ann", "correct horse", "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.hashed.Load(); n != int64(10*perAddress.count) {
		t.Errorf("Check made %d hashes", n)
	}
}
