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
	if got := s.find(t, "ann", guess(), "192.0.2.100"); got != 429 {
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
