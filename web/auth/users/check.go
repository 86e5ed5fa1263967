package users

import (
	"context"
	"net/http"
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
	from := ofStrangers
	if attempt.known {
		from = ofUsers
	}
	if !u.hashes.enter(ctx, from) {
		attempt.cancel()
		return configs.User{}, busy()
	}
	matches := u.matches(pass, hash.Reveal())
	u.hashes.leave()
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
