package edit

import (
	"fmt"
	"slices"

	"github.com/framegate/framegate/configs"
)

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
