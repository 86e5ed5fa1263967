package users

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
)

func TestUserIsFoundByBasicCredentials(t *testing.T) {
	s := newSite(t)
	for _, test := range []struct {
		name, password string
		want           string
	}{
		{"ann", "correct horse", "{user ann admin [] 0001-01-01 00:00:00 +0000 UTC } true <nil>"},
		{"bob", "battery staple", "{user bob viewer [yard-*] 0001-01-01 00:00:00 +0000 UTC } true <nil>"},
		{"ann", "battery staple", "{  nobody [] 0001-01-01 00:00:00 +0000 UTC } false wrong name or password"},
		{"eve", "correct horse", "{  nobody [] 0001-01-01 00:00:00 +0000 UTC } false wrong name or password"},
		{"Ann", "correct horse", "{  nobody [] 0001-01-01 00:00:00 +0000 UTC } false wrong name or password"},
		{"", "", "{  nobody [] 0001-01-01 00:00:00 +0000 UTC } false wrong name or password"},
	} {
		p, found, err := s.Find(request(test.name, test.password, "192.0.2.1"))
		if renewable := p.Renew != nil; renewable != found {
			t.Errorf("%s: it can be renewed: %v", test.name, renewable)
		}
		p.Renew = nil
		if got := strings.Replace(fmt.Sprint(p, found, err), " <nil>}", "}", 1); got != test.want {
			t.Errorf("%s:%s: %s, want %s", test.name, test.password, got, test.want)
		}
	}
}

func TestPrincipalIsRenewedWithoutAHashAsLongAsTheUserHasThePassword(t *testing.T) {
	s := newSite(t)
	p, _, err := s.Find(request("bob", "battery staple", "192.0.2.1"))
	if err != nil {
		t.Fatal(err)
	}
	hashed := s.hashed.Load()
	config := configs.Default()
	config.Auth.Users = slices.Clone(s.users)
	i := slices.IndexFunc(config.Auth.Users, func(u configs.User) bool { return u.Name == "bob" })
	config.Auth.Users[i].Cameras = []string{"gate"}
	s.pass(2 * rememberFor)
	s.Configure(config)
	if now, ok := p.Renew(); !ok || !slices.Equal(now.Cameras, []string{"gate"}) {
		t.Errorf("other cameras: %+v, %v", now, ok)
	}
	changed := *config
	changed.Auth.Users = slices.Clone(config.Auth.Users)
	changed.Auth.Users[i].PasswordHash += "x"
	s.Configure(&changed)
	if _, ok := p.Renew(); ok {
		t.Error("another password")
	}
	s.Configure(config)
	if _, ok := p.Renew(); !ok {
		t.Error("the same password again")
	}
	s.Configure(configs.Default())
	if _, ok := p.Renew(); ok {
		t.Error("no such user")
	}
	if s.hashed.Load() != hashed {
		t.Error("it takes a hash")
	}
}

func TestRequestsWithoutBasicCredentialsAreLeftToOthers(t *testing.T) {
	s := newSite(t)
	for _, header := range []string{"", "Bearer x", "Digest username=\"ann\"", "Basics x"} {
		r := httptest.NewRequest("GET", "/", nil)
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		if _, found, err := s.Find(r); found || err != nil {
			t.Errorf("%q: %v %v", header, found, err)
		}
	}
	r := request("ann", "correct horse", "192.0.2.1")
	r.Header.Add("Authorization", "Basic YTpi")
	if _, found, err := s.Find(r); found || status(t, err) != 401 {
		t.Errorf("two headers: %v %v", found, err)
	}
	s.Configure(configOf())
	if _, found, err := s.Find(request("ann", "correct horse", "192.0.2.1")); found || err != nil {
		t.Errorf("without users: %v %v", found, err)
	}
}

func TestPasswordIsHashedOncePerSignIn(t *testing.T) {
	s := newSite(t)
	for range 50 {
		if got := s.find(t, "ann", "correct horse", "192.0.2.1"); got != 200 {
			t.Fatal(got)
		}
	}
	if n := s.hashed.Load(); n != 1 {
		t.Errorf("%d hashes for 50 requests", n)
	}
	if n := strings.Count(s.log.String(), "msg=\"signed in\" who=ann from=192.0.2.1"); n != 1 {
		t.Errorf("%d lines:\n%s", n, &s.log)
	}
	s.pass(rememberFor + time.Second)
	if got := s.find(t, "ann", "correct horse", "192.0.2.1"); got != 200 || s.hashed.Load() != 2 {
		t.Errorf("after a pause: %d, %d hashes", got, s.hashed.Load())
	}
}

func TestRequestsAtTheSameTimeShareAHash(t *testing.T) {
	s := newSite(t)
	release := make(chan struct{})
	matches := s.matches
	s.matches = func(password, hash string) bool {
		<-release
		return matches(password, hash)
	}
	var wait sync.WaitGroup
	var began sync.WaitGroup
	for range 100 { // more than may wait for hashes of their own
		wait.Add(1)
		began.Add(1)
		go func() {
			defer wait.Done()
			began.Done()
			if got := s.find(t, "ann", "correct horse", "192.0.2.1"); got != 200 {
				t.Error(got)
			}
		}()
	}
	began.Wait()
	close(release)
	wait.Wait()
	if n := s.hashed.Load(); n > 2 {
		t.Errorf("%d hashes", n)
	}
}
