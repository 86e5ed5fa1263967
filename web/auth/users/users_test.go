package users

import (
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth"
)

func TestChangedUserIsFoundAsChanged(t *testing.T) {
	s := newSite(t)
	before := s.changes.Load()
	if got := s.find(t, "ann", "correct horse", "192.0.2.1"); got != 200 {
		t.Fatal(got)
	}
	stamp := s.Stamp("ann")
	ann := s.users[0]
	s.Configure(configOf(s.users...))
	if s.changes.Load() != before {
		t.Error("the same users are a change")
	}

	ann.Role = configs.ViewerRole
	ann.Cameras = []string{"gate"}
	s.Configure(configOf(ann))
	if p, ok := s.Principal("ann"); !ok || p.Role != auth.Viewer || p.Sees("yard") || !p.Sees("gate") || s.changes.Load() != before+1 {
		t.Errorf("%+v %v, %d changes", p, ok, s.changes.Load())
	}
	if p, _, err := s.Find(request("ann", "correct horse", "192.0.2.1")); p.Role != auth.Viewer || err != nil || s.hashed.Load() != 1 {
		t.Errorf("%+v %v, %d hashes", p, err, s.hashed.Load())
	}
	if s.Stamp("ann") != stamp {
		t.Error("the stamp changed without the password")
	}

	ann.PasswordHash = hash(t, "other horse")
	s.Configure(configOf(ann))
	if got := s.find(t, "ann", "correct horse", "192.0.2.1"); got != 401 {
		t.Errorf("the old password: %d", got)
	}
	if got := s.find(t, "ann", "other horse", "192.0.2.1"); got != 200 {
		t.Errorf("the new password: %d", got)
	}
	if now := s.Stamp("ann"); now == stamp || now == "" || s.Stamp("eve") != "" {
		t.Errorf("the stamp is %q, it was %q", now, stamp)
	}

	s.Configure(configOf(configs.User{Name: "bob", PasswordHash: hash(t, "x")}))
	if got := s.find(t, "ann", "other horse", "192.0.2.1"); got != 401 {
		t.Errorf("removed: %d", got)
	}
	if _, ok := s.Principal("ann"); ok || s.changes.Load() != before+3 {
		t.Errorf("%v, %d changes", ok, s.changes.Load())
	}
}

func TestLogSaysWhichUsersHaveChanged(t *testing.T) {
	s := newSite(t)
	before := s.log.String()
	ann, bob := s.users[0], s.users[1]
	bob.Role, bob.Cameras = configs.AdminRole, nil
	ann.PasswordHash = "another"
	s.Configure(configOf(ann, bob, configs.User{Name: "eve", Role: configs.ViewerRole, Cameras: []string{"gate"}}))
	s.Configure(configOf(ann, bob, configs.User{Name: "eve", Role: configs.ViewerRole, Cameras: []string{"gate"}}))
	s.Configure(configOf(ann))
	text := strings.TrimPrefix(s.log.String(), before)
	for _, line := range []string{
		`msg="user added" user=eve role=viewer cameras=[gate] from=configuration`, `msg="user changed" user=bob role=admin cameras=[] from=configuration`,
		`msg="password set" user=ann from=configuration`, `msg="user removed" user=bob from=configuration`, `msg="user removed" user=eve from=configuration`,
	} {
		if strings.Count(text, line) != 1 {
			t.Errorf("no line, or several: %s", line)
		}
	}
	if n := strings.Count(text, "\n"); n != 5 || strings.Contains(text, "another") {
		t.Errorf("%d lines:\n%s", n, text)
	}
}
