package challenge

import (
	"context"
	"sync"
	"time"

	"github.com/framegate/framegate/internal/backoff"
)

// Accounts keeps the streams of one camera from sending it a wrong password more often than one stream alone would: cameras lock an
// account after a few. The zero value is ready. Any goroutine may call its methods.
type Accounts struct {
	mu  sync.Mutex // guards what follows, and the fields of each account
	all map[accountKey]*account
}

type accountKey struct{ host, username, password string }

// account is what the camera has made of a password.
type account struct {
	trial    chan struct{}   // closed when the attempt ends that may send the password now; nil if there is none
	accepted map[string]bool // streams with which the camera has accepted the password
	refusals int             // in a row
	refused  string          // the stream that was refused last
	waiting  string          // a stream that had to wait because of that; empty for none
	until    time.Time       // when other streams than refused may try again
	why      error           // why refused was refused
}

// Retry lets a stream try each password again at once, since somebody has changed the camera's configuration. The others wait for what
// becomes of it.
func (a *Accounts) Retry() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, account := range a.all {
		account.refusals, account.refused, account.waiting, account.until, account.why = 0, "", "", time.Time{}, nil
	}
}

// Login returns a stream's use of an account, for one attempt to connect.
func (a *Accounts) Login(host, username, password, stream string) *Login {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := accountKey{host, username, password}
	if a.all == nil {
		a.all = map[accountKey]*account{}
	}
	if a.all[key] == nil {
		a.all[key] = &account{accepted: map[string]bool{}}
	}
	return &Login{accounts: a, account: a.all[key], stream: stream}
}

// Login is one attempt of a stream to connect with a password. Any goroutine may call its methods.
type Login struct {
	accounts *Accounts
	account  *account
	stream   string
	trial    chan struct{} // of account, if this attempt has begun it; guarded by Accounts.mu
}

// Begin is called before the password is sent. It waits until no other stream is about to learn whether it is right. If the camera has
// refused another stream of late, it returns why, and the password must not be sent.
func (l *Login) Begin(ctx context.Context) error {
	for {
		running, err := l.begin(time.Now())
		if running == nil {
			return err
		}
		select {
		case <-running:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// begin begins the attempt, or returns the trial that must end first, or why there must be none.
func (l *Login) begin(now time.Time) (running chan struct{}, err error) {
	l.accounts.mu.Lock()
	defer l.accounts.mu.Unlock()
	if l.account.trial != nil {
		return l.account.trial, nil
	}
	if err := l.account.denies(l.stream, now); err != nil {
		return nil, err
	}
	l.trial = make(chan struct{})
	l.account.trial = l.trial
	return nil, nil
}

// denies returns why a stream must not try the password now. A stream that was refused keeps to its own pauses, which are those of
// until. It lets another one try that has waited, since the account may be allowed that stream only. Accounts.mu is held.
func (a *account) denies(stream string, now time.Time) error {
	switch {
	case a.refusals == 0, a.accepted[stream]:
		return nil
	case stream == a.refused && a.waiting == "":
		return nil
	case stream == a.refused:
		a.waiting = ""
		return a.why
	case now.Before(a.until):
		a.waiting = stream
		return a.why
	}
	return nil
}

// Accepted records that the camera has accepted the password.
func (l *Login) Accepted() {
	l.accounts.mu.Lock()
	defer l.accounts.mu.Unlock()
	l.account.accepted[l.stream] = true
	l.account.refusals, l.account.waiting = 0, ""
	l.end()
}

// Refused records why the camera has refused the password. If it has accepted the stream before, the password has changed for all.
func (l *Login) Refused(why error) {
	l.accounts.mu.Lock()
	defer l.accounts.mu.Unlock()
	l.refused(why, time.Now())
}

func (l *Login) refused(why error, now time.Time) {
	a := l.account
	if a.accepted[l.stream] {
		clear(a.accepted)
	}
	a.refusals++
	a.refused, a.why, a.until = l.stream, why, now.Add(backoff.AfterRefusal.Pause(a.refusals))
	if a.waiting == l.stream {
		a.waiting = ""
	}
	l.end()
}

// Unanswered records that the camera has closed the connection instead of an answer, and reports whether that counts as a refusal. The
// first time after it has accepted the password it does not: it may be restarting.
func (l *Login) Unanswered(why error) (refused bool) {
	l.accounts.mu.Lock()
	defer l.accounts.mu.Unlock()
	if l.account.accepted[l.stream] {
		delete(l.account.accepted, l.stream)
		l.end()
		return false
	}
	l.refused(why, time.Now())
	return true
}

// End ends the attempt, if none of the others has.
func (l *Login) End() {
	l.accounts.mu.Lock()
	defer l.accounts.mu.Unlock()
	l.end()
}

// end does that. Accounts.mu is held.
func (l *Login) end() {
	if l.trial != nil {
		close(l.trial)
		l.account.trial, l.trial = nil, nil
	}
}
