package edit

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"
)

// Two hashes of no password that anybody knows.
const (
	oldHash = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$MTIzNDU2Nzg5MDEyMzQ1Ng"
	newHash = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$NjU0MzIxMDk4NzY1NDMyMQ"
)

func TestPasswordIsSetOnlyForAUserWhoStillHasTheOldOne(t *testing.T) {
	t.Setenv("HASH", oldHash)
	const users = "auth:\n  users: # of the site\n"
	for name, test := range map[string]struct {
		text, user string
		was        configs.Secret
		want       error
	}{
		"the user has it":       {users + "    - name: ann # who has the keys\n      password_hash: " + oldHash + " # old\n", "ann", oldHash, nil},
		"the user has another":  {users + "    - {name: ann, password_hash: '" + newHash + "'}\n", "ann", oldHash, ErrConflict},
		"the user is gone":      {users + "    - {name: bob, password_hash: '" + oldHash + "'}\n", "ann", oldHash, ErrNoUser},
		"it is in a variable":   {users + "    - {name: ann, password_hash: '${HASH}'}\n", "ann", oldHash, ErrByHand},
		"it is an alias":        {"x-hash: &hash '" + oldHash + "'\n" + users + "    - {name: ann, password_hash: *hash}\n", "ann", oldHash, ErrByHand},
		"the file has no users": {"cameras: []\n", "ann", oldHash, ErrNoUser},
	} {
		t.Run(name, func(t *testing.T) {
			f := fileWith(t, test.text)
			err := f.SetPassword(test.user, test.was, newHash)
			want := test.text
			if test.want == nil {
				want = strings.Replace(want, oldHash, "\""+newHash+"\"", 1)
			}
			if got := contentOf(t, f); !errors.Is(err, test.want) || got != want {
				t.Errorf("%v, %s", err, got)
			}
			if err != nil && strings.Contains(err.Error(), "argon2id") {
				t.Errorf("%v has a hash", err)
			}
		})
	}
}

// TestLastAdminStays changes files that somebody else has written since they were last read.
func TestLastAdminStays(t *testing.T) {
	ann, bob, viewer := "    - {name: ann, role: admin, password_hash: '"+oldHash+"'}\n", "    - {name: bob, role: admin, password_hash: '"+oldHash+"'}\n",
		"    - {name: eve, password_hash: '"+oldHash+"'}\n"
	demoted := Keys{{"role", configs.ViewerRole}}
	for name, test := range map[string]struct {
		users           string
		change          func(f *File, check UsersCheck) error
		request, onHost error // what is wrong with it for a request, and for a command
	}{
		"another admin is left": {ann + bob, func(f *File, check UsersCheck) error { return f.RemoveUser("ann", check) }, nil, nil},
		"a viewer is left":      {ann + viewer, func(f *File, check UsersCheck) error { return f.RemoveUser("ann", check) }, ErrNoAdmin, ErrNoAdmin},
		"nobody is left":        {ann, func(f *File, check UsersCheck) error { return f.RemoveUser("ann", check) }, ErrNoAdmin, nil},
		"a viewer is removed":   {ann + viewer, func(f *File, check UsersCheck) error { return f.RemoveUser("eve", check) }, nil, nil},
		"there was none":        {viewer + strings.ReplaceAll(viewer, "eve", "kim"), func(f *File, check UsersCheck) error { return f.RemoveUser("eve", check) }, nil, nil},
		"of two, one is demoted": {ann + bob, func(f *File, check UsersCheck) error {
			_, err := f.SetUser("ann", demoted, check)
			return err
		}, nil, nil},
		"the only one is demoted": {ann, func(f *File, check UsersCheck) error {
			_, err := f.SetUser("ann", demoted, check)
			return err
		}, ErrNoAdmin, ErrNoAdmin},
		"the first user is a viewer": {"", func(f *File, check UsersCheck) error {
			_, err := f.SetUser("ann", Keys{{"password_hash", oldHash}}, check)
			return err
		}, ErrNoAdmin, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, by := range []struct {
				check UsersCheck
				want  error
			}{{NeedAdmin, test.request}, {KeepAdmin, test.onHost}} {
				f := fileWith(t, "auth:\n  users:\n"+ann+bob+viewer)
				if _, err := f.Load(); err != nil {
					t.Fatal(err)
				}
				text := "auth:\n  users:\n" + test.users
				if err := os.WriteFile(f.Path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := test.change(f, by.check); !errors.Is(err, by.want) || (contentOf(t, f) == text) != (by.want != nil) {
					t.Errorf("%v, want %v: %s", err, by.want, contentOf(t, f))
				}
			}
		})
	}
}
