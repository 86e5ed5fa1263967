// Package users finds the principals of users who have a name and a password in the configuration.
package users

import (
	"context"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/configs/password"
	"github.com/framegate/framegate/web/auth"
)

// Options are what Users needs from other packages.
type Options struct {
	// Changed is called after a change of the users, which may have ended rights.
	Changed func()
	// Address returns the address of a client, for limits and the log.
	Address func(*http.Request) string
	Log     *slog.Logger
}

// Users are the users of the configuration. It is an auth.Finder for Basic credentials. Any goroutine may call its methods.
type Users struct {
	Options

	now     func() time.Time
	matches func(password, hash string) bool      // takes long, and much memory
	hash    func(password string) (string, error) // as long

	attempts   limiter
	hashes     queue
	remembered *memory

	mu      sync.RWMutex // guards the fields below
	users   []configs.User
	slowest configs.Secret // the hash that takes the longest to check

	configured bool // the users are known
}

// New returns an empty list of users. Configure sets the users.
func New(o Options) *Users {
	return &Users{Options: o, now: time.Now, matches: password.Matches, hash: password.New, remembered: newMemory()}
}

// Configure takes over the users of a configuration.
func (u *Users) Configure(config *configs.Config) {
	u.mu.Lock()
	changed := !reflect.DeepEqual(u.users, config.Auth.Users)
	if u.configured {
		u.logChanges(config.Auth.Users)
	}
	u.users, u.slowest, u.configured = config.Auth.Users, "", true
	most := -1
	for _, user := range u.users {
		if cost := password.Cost(user.PasswordHash.Reveal()); cost > most {
			most, u.slowest = cost, user.PasswordHash
		}
	}
	u.mu.Unlock()
	if changed && u.Changed != nil {
		u.Changed()
	}
}

// logChanges logs which users are not as they were, whoever has changed the configuration. u.mu is held.
func (u *Users) logChanges(now []configs.User) {
	named := func(list []configs.User, name string) (configs.User, bool) {
		i := slices.IndexFunc(list, func(user configs.User) bool { return user.Name == name })
		if i < 0 {
			return configs.User{}, false
		}
		return list[i], true
	}
	for _, user := range now {
		what, changed := "user added", true
		if before, had := named(u.users, user.Name); had {
			what, changed = "user changed", before.Role != user.Role || !slices.Equal(before.Cameras, user.Cameras)
			if before.PasswordHash != user.PasswordHash {
				u.Log.Info("password set", "user", user.Name, "from", "configuration")
			}
		}
		if changed {
			u.Log.Info(what, "user", user.Name, "role", user.Role, "cameras", user.Cameras, "from", "configuration")
		}
	}
	for _, user := range u.users {
		if _, has := named(now, user.Name); !has {
			u.Log.Info("user removed", "user", user.Name, "from", "configuration")
		}
	}
}

// Principal returns the principal of a user as it is now. It is false if there is no such user.
func (u *Users) Principal(name string) (auth.Principal, bool) {
	user, _, ok := u.user(name)
	if !ok {
		return auth.Principal{}, false
	}
	return principalOf(user), true
}

// Stamp returns a text that changes whenever the password of a user is set, even to the same one. It reveals nothing about the password,
// and is the same after a restart. It is empty for an unknown name.
func (u *Users) Stamp(name string) string {
	user, _, ok := u.user(name)
	if !ok {
		return ""
	}
	return stampOf(user.PasswordHash)
}

// Check returns the principal of a user who has entered a name and a password, and logs the attempt. It hashes the password each time.
// The error is an *auth.Error.
func (u *Users) Check(ctx context.Context, name, password, address string) (auth.Principal, error) {
	user, err := u.check(ctx, signIn, name, password, address)
	if err != nil {
		return auth.Principal{}, err
	}
	return principalOf(user), nil
}

// SignedIn notes that a user has signed in from an address, as a session shows that has outlasted a restart. Attempts for this user at this
// address do not count as those of strangers.
func (u *Users) SignedIn(name, address string) {
	u.attempts.succeeded(name, address, u.now())
}

// user returns a user, and the hash to check a password with. For an unknown name, this is the hash of another user that takes the
// longest to check, so that a quick answer does not tell that a name is unknown.
func (u *Users) user(name string) (user configs.User, hash configs.Secret, known bool) {
	u.mu.RLock()
	defer u.mu.RUnlock()
	for _, user := range u.users {
		if user.Name == name {
			return user, user.PasswordHash, true
		}
	}
	return configs.User{}, u.slowest, false
}

// empty reports whether there are no users.
func (u *Users) empty() bool {
	u.mu.RLock()
	defer u.mu.RUnlock()
	return len(u.users) == 0
}

func principalOf(user configs.User) auth.Principal {
	role := auth.Viewer
	if user.Role == configs.AdminRole {
		role = auth.Admin
	}
	return auth.Principal{Kind: auth.User, Name: user.Name, Role: role, Cameras: user.Cameras}
}
