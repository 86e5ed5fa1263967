package challenge

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/backoff"
)

// begins fails the test unless a login begins, or is denied with an error.
func begins(t *testing.T, l *Login, at time.Time, want error) {
	t.Helper()
	if running, err := l.begin(at); running != nil || !errors.Is(err, want) || want == nil && err != nil {
		t.Errorf("%s: running %v, %v; want %v", l.stream, running != nil, err, want)
	}
}

func TestOtherStreamsWaitAsLongAsTheOneThatWasRefused(t *testing.T) {
	var a Accounts
	login := func(stream string) *Login { return a.Login("cam", "ann", "wrong", stream) }
	refusal := errors.New("401")
	now := time.Now()
	for n := 1; n <= 6; n++ { // rounds, in which each stream tries once
		streams := []string{"/main", "/sub"}
		sent := 0
		for _, stream := range streams {
			l := login(stream)
			if _, err := l.begin(now); err == nil {
				sent++
				l.accounts.mu.Lock()
				l.refused(refusal, now)
				l.accounts.mu.Unlock()
			}
		}
		if sent != 1 {
			t.Errorf("round %d: the password was sent %d times", n, sent)
		}
		now = now.Add(backoff.AfterRefusal.Pause(n))
	}
	begins(t, a.Login("cam", "ann", "right", "/sub"), now, nil) // another password
}

func TestChangedCameraIsTriedAtOnce(t *testing.T) {
	var a Accounts
	now, refusal := time.Now(), errors.New("401")
	l := a.Login("cam", "ann", "hunter2", "/channel5")
	for range 4 {
		l.accounts.mu.Lock()
		l.refused(refusal, now)
		l.accounts.mu.Unlock()
	}
	begins(t, a.Login("cam", "ann", "hunter2", "/channel4"), now, refusal)
	a.Retry()
	begins(t, a.Login("cam", "ann", "hunter2", "/channel4"), now, nil)
}

func TestStreamThatTheAccountIsAllowedIsNotKeptOutByAnother(t *testing.T) {
	var a Accounts
	refusal := errors.New("401")
	main, sub := a.Login("cam", "ann", "secret", "/main"), a.Login("cam", "ann", "secret", "/sub")
	now := time.Now()
	begins(t, main, now, nil)
	main.Refused(refusal)
	begins(t, sub, now, refusal)
	now = now.Add(2 * backoff.AfterRefusal.First)
	begins(t, main, now, refusal) // it is the other one's turn
	begins(t, sub, now, nil)
	sub.Accepted()
	begins(t, main, now, nil)
	main.Refused(refusal)
	begins(t, sub, now, nil) // it was accepted
	sub.End()
}

func TestChangedPasswordIsTriedByOneStream(t *testing.T) {
	var a Accounts
	refusal := errors.New("401")
	main, sub := a.Login("cam", "ann", "secret", "/main"), a.Login("cam", "ann", "secret", "/sub")
	now := time.Now()
	for _, l := range []*Login{main, sub} {
		begins(t, l, now, nil)
		l.Accepted()
	}
	begins(t, main, now, nil)
	main.Refused(refusal)
	begins(t, sub, now, refusal)
}

func TestCloseInsteadOfAnAnswerIsARefusalUnlessThePasswordWasAccepted(t *testing.T) {
	var a Accounts
	l := a.Login("cam", "ann", "secret", "/main")
	why := errors.New("closed")
	begins(t, l, time.Now(), nil)
	l.Accepted()
	for _, want := range []bool{false, true, true} {
		begins(t, l, time.Now(), nil)
		if got := l.Unanswered(why); got != want {
			t.Errorf("it counts as a refusal: %v, want %v", got, want)
		}
	}
	begins(t, a.Login("cam", "ann", "secret", "/sub"), time.Now(), why)
}

func TestLoginWaitsForTheOutcomeOfAnother(t *testing.T) {
	var a Accounts
	main, sub := a.Login("cam", "ann", "secret", "/main"), a.Login("cam", "ann", "secret", "/sub")
	if err := main.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancelCause(t.Context())
	why := errors.New("nobody watches")
	cancel(why)
	if err := sub.Begin(ended); !errors.Is(err, why) {
		t.Errorf("it does not wait: %v", err)
	}
	refusal := errors.New("401")
	done := make(chan error)
	go func() { done <- sub.Begin(t.Context()) }()
	main.Refused(refusal)
	if err := <-done; !errors.Is(err, refusal) {
		t.Errorf("after the refusal: %v", err)
	}
	main.End() // again
}
