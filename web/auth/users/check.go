package users

import (
	"context"
	"net/http"
	"runtime"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/configs/password"
	"github.com/framegate/framegate/web/auth"
)

// wrong is the answer to a wrong name and to a wrong password: it does not say which names exist.
func wrong() error {
	return &auth.Error{Status: http.StatusUnauthorized, Detail: "wrong name or password"}
}

func tooMany(wait time.Duration) error {
	return &auth.Error{Status: http.StatusTooManyRequests, Detail: "too many wrong passwords; try again later", RetryAfter: seconds(wait)}
}

func busy() error {
	return &auth.Error{Status: http.StatusServiceUnavailable, Detail: "too many people are signing in; try again", RetryAfter: 1}
}

// seconds returns a time in seconds, rounded up, for Retry-After.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// unknownName is logged in place of a name that no user has: it may be a password in the wrong field.
const unknownName = "unknown name"

// purpose is what a password is checked for, as the log names it.
type purpose string

const (
	signIn         purpose = "sign-in"
	passwordChange purpose = "password change"
)

// check finds the user with a name and a password, within the limits, which are the same for each purpose.
func (u *Users) check(ctx context.Context, why purpose, name, pass, address string) (configs.User, error) {
	user, hash, known := u.user(name)
	who := unknownName
	if known {
		who = name
	}
	if hash == "" || len(pass) > password.MaxLength { // there are no users, or no password is so long
		return configs.User{}, wrong()
	}
	key, weight := u.remembered.key(name, pass), 1.0
	repeated := u.remembered.has(key, verdict{hash, false}, u.now())
	if repeated {
		weight = repeatWeight
	}
	attempt, wait, first := u.attempts.begin(name, address, weight, u.now())
	if wait > 0 {
		if first {
			u.Log.Warn(string(why)+" refused: too many wrong passwords", "who", who, "from", address)
		}
		return configs.User{}, tooMany(wait)
	}
	if repeated {
		return configs.User{}, wrong()
	}
	hashes := u.strangers
	if attempt.known {
		hashes = u.known
	}
	if !hashes.enter(ctx) {
		attempt.cancel()
		return configs.User{}, busy()
	}
	matches := u.matches(pass, hash.Reveal())
	hashes.leave()
	if !matches || !known {
		u.Log.Warn(string(why)+" failed", "who", who, "from", address)
		u.remembered.add(key, verdict{hash, false}, u.now())
		return configs.User{}, wrong()
	}
	if why == passwordChange { // it counts, because a change of the configuration follows
		u.attempts.succeeded(name, address, u.now())
		return user, nil
	}
	attempt.succeed(u.now())
	u.Log.Info("signed in", "who", name, "from", address)
	return user, nil
}

// maxHashes is how many hashes a gate allows to be made at a time: the cameras need the other cores.
var maxHashes = max(1, runtime.GOMAXPROCS(0)/4)

// maxWaiting is how many requests may wait at a gate.
const maxWaiting = 64

// gate limits the hashes that are made at a time.
type gate struct {
	waiting chan struct{} // has an entry for each request that waits or makes a hash
	inside  chan struct{} // has an entry for each request that makes a hash
}

func newGate() gate {
	return gate{make(chan struct{}, maxHashes+maxWaiting), make(chan struct{}, maxHashes)}
}

// enter waits for a place. It returns false if too many wait or ctx is done.
func (g gate) enter(ctx context.Context) bool {
	select {
	case g.waiting <- struct{}{}:
	default:
		return false
	}
	select {
	case g.inside <- struct{}{}:
		return true
	case <-ctx.Done():
		<-g.waiting
		return false
	}
}

func (g gate) leave() {
	<-g.inside
	<-g.waiting
}
