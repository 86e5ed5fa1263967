package edit

import (
	"errors"
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
