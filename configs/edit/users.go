package edit

import (
	"errors"
	"fmt"
	"slices"

	"github.com/framegate/framegate/configs"
)

// UsersCheck refuses a change of the users with an error. before are the users of the file at the time of the change, and after those that
// the change would leave.
type UsersCheck func(before, after []configs.User) error

// ErrNoAdmin is the error of the checks below.
var ErrNoAdmin = errors.New("nobody else is an admin; make another user one first")

// NeedAdmin refuses a change that takes the last admin away, and a first user who is none. It is for requests. Where no user is an admin, those
// are whom a token or a proxy names.
func NeedAdmin(before, after []configs.User) error {
	if !configs.HasAdmin(after) && (len(before) == 0 || configs.HasAdmin(before)) {
		return ErrNoAdmin
	}
	return nil
}

// KeepAdmin refuses a change that leaves users without the last admin. It is for commands on the machine, which may remove all users: then
// whoever uses the machine is the admin.
func KeepAdmin(before, after []configs.User) error {
	if len(after) > 0 && configs.HasAdmin(before) && !configs.HasAdmin(after) {
		return ErrNoAdmin
	}
	return nil
}

// settingUser merges keys into those of a user, or appends the user.
func settingUser(name string, keys Keys) change {
	return func(config *configs.Config, d *document) (outcome, error) {
		if err := d.open(users); err != nil {
			return outcome{}, err
		}
		i := indexOfUser(config, name)
		if i < 0 {
			want := Keys{{"name", name}}.merged(keys)
			return outcome{of: users, index: len(config.Auth.Users), after: true, want: want}, d.add(want)
		}
		was, err := d.keys(i)
		if err != nil {
			return outcome{}, err
		}
		want, err := was.patched(keys)
		if err != nil {
			return outcome{}, err
		}
		return outcome{of: users, index: i, before: true, after: true, want: want, gone: keys.nulls()}, d.rewrite(i, want)
	}
}

// settingPassword replaces the hash of a user's password, if it still is the one that was.
func settingPassword(name string, was, hash configs.Secret) change {
	return func(config *configs.Config, d *document) (outcome, error) {
		i := indexOfUser(config, name)
		switch {
		case i < 0: // which must not bring the user back
			return outcome{}, fmt.Errorf("%w: %s", ErrNoUser, name)
		case config.Auth.Users[i].PasswordHash != was:
			return outcome{}, ErrConflict
		}
		if err := d.open(users); err != nil {
			return outcome{}, err
		}
		keys, err := d.keys(i)
		if err != nil {
			return outcome{}, err
		}
		if written, _ := keys.get("password_hash"); written != was.Reveal() {
			return outcome{}, byHand("the password_hash of %s is not written there itself: it is a variable, or elsewhere in the file", name)
		}
		return settingUser(name, Keys{{"password_hash", hash.Reveal()}})(config, d)
	}
}

// removingUser removes a user.
func removingUser(name string) change {
	return func(config *configs.Config, d *document) (outcome, error) {
		i := indexOfUser(config, name)
		if i < 0 {
			return outcome{}, fmt.Errorf("%w: %s", ErrNoUser, name)
		}
		if err := d.open(users); err != nil {
			return outcome{}, err
		}
		return outcome{of: users, index: i, before: true}, d.remove(i)
	}
}

func indexOfUser(config *configs.Config, name string) int {
	return slices.IndexFunc(config.Auth.Users, func(u configs.User) bool { return u.Name == name })
}
