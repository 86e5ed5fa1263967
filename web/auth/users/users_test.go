package users

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth"

	"github.com/alexedwards/argon2id"
)

// site is Users whose clock and hashes a test controls.
type site struct {
	*Users
	log     syncBuffer
	hashed  atomic.Int64 // how many hashes were made
	changes atomic.Int64
	mu      sync.Mutex // guards time
	time    time.Time
}

// syncBuffer is a buffer that several goroutines may use.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (s *site) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.time = s.time.Add(d)
}

// hash makes a hash that takes next to no time.
func hash(t testing.TB, password string) configs.Secret {
	t.Helper()
	text, err := argon2id.CreateHash(password, &argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 8, KeyLength: 16})
	if err != nil {
		t.Fatal(err)
	}
	return configs.Secret(text)
}

// ann and bob are the users of most tests.
func configOf(users ...configs.User) *configs.Config {
	return &configs.Config{Auth: configs.Auth{Users: users}}
}

// newSite has the users ann, an admin with the password "correct horse", and bob, who sees yards with "battery staple".
func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{time: time.Unix(1_800_000_000, 0)}
	s.Users = New(Options{
		Changed: func() { s.changes.Add(1) },
		Address: func(r *http.Request) string { return r.RemoteAddr },
		Log:     slog.New(slog.NewTextHandler(&s.log, nil)),
	})
	s.now = func() time.Time {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.time
	}
	matches := s.matches
	s.matches = func(password, hash string) bool {
		s.hashed.Add(1)
		return matches(password, hash)
	}
	s.Configure(configOf(
		configs.User{Name: "ann", PasswordHash: hash(t, "correct horse"), Role: configs.AdminRole},
		configs.User{Name: "bob", PasswordHash: hash(t, "battery staple"), Role: configs.ViewerRole, Cameras: []string{"yard-*"}},
	))
	return s
}

// request is one with Basic credentials, from an address.
func request(name, password, address string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	r.SetBasicAuth(name, password)
	r.RemoteAddr = address
	return r
}

// status returns the status of an error, or 200.
func status(t testing.TB, err error) int {
	t.Helper()
	if err == nil {
		return http.StatusOK
	}
	var refused *auth.Error
	if !errors.As(err, &refused) {
		t.Fatalf("%v is not an *auth.Error", err)
	}
	if strings.Contains(refused.Detail, "horse") || strings.Contains(refused.Detail, "ann") {
		t.Errorf("the error says too much: %s", refused.Detail)
	}
	return refused.Status
}

func (s *site) find(t testing.TB, name, password, address string) int {
	t.Helper()
	_, _, err := s.Find(request(name, password, address))
	return status(t, err)
}

func TestUserIsFoundByBasicCredentials(t *testing.T) {
	s := newSite(t)
	for _, test := range []struct {
		name, password string
		want           string
	}{
		{"ann", "correct horse", "{user ann admin [] 0001-01-01 00:00:00 +0000 UTC} true <nil>"},
		{"bob", "battery staple", "{user bob viewer [yard-*] 0001-01-01 00:00:00 +0000 UTC} true <nil>"},
		{"ann", "battery staple", "{  nobody [] 0001-01-01 00:00:00 +0000 UTC} false wrong name or password"},
		{"eve", "correct horse", "{  nobody [] 0001-01-01 00:00:00 +0000 UTC} false wrong name or password"},
		{"Ann", "correct horse", "{  nobody [] 0001-01-01 00:00:00 +0000 UTC} false wrong name or password"},
		{"", "", "{  nobody [] 0001-01-01 00:00:00 +0000 UTC} false wrong name or password"},
	} {
		p, found, err := s.Find(request(test.name, test.password, "192.0.2.1"))
		if renewable := p.Renew != nil; renewable != found {
			t.Errorf("%s: it can be renewed: %v", test.name, renewable)
		}
		p.Renew = nil
		if got := strings.Replace(fmt.Sprint(p, found, err), " UTC <nil>}", " UTC}", 1); got != test.want {
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

// TestUnknownNameCostsWhatAWrongPasswordCosts counts hashes, and looks at what they are compared with: their parameters are the time.
func TestUnknownNameCostsWhatAWrongPasswordCosts(t *testing.T) {
	s := newSite(t)
	var with []string
	matches := s.matches
	s.matches = func(password, hash string) bool {
		with = append(with, hash[:strings.LastIndex(hash, ",p=")])
		return matches(password, hash)
	}
	for _, name := range []string{"ann", "eve", strings.Repeat("e", 5000), ""} {
		if got := s.find(t, name, "wrong", "192.0.2.1"); got != 401 {
			t.Errorf("%.10s: %d", name, got)
		}
	}
	if len(with) != 4 || with[1] != with[0] || with[2] != with[0] || with[3] != with[0] {
		t.Errorf("hashes: %q", with)
	}
	if text := s.log.String(); strings.Contains(text, "who=eve") || strings.Contains(text, "eeee") || strings.Count(text, "sign-in failed") != 4 {
		t.Errorf("the log:\n%s", text)
	}
}

func TestRightPasswordOfAnotherUserOpensNoUnknownName(t *testing.T) {
	s := newSite(t)
	for _, password := range []string{"correct horse", "battery staple"} {
		if got := s.find(t, "eve", password, "192.0.2.1"); got != 401 {
			t.Errorf("%s: %d", password, got)
		}
	}
}

func TestWrongPasswordsOfAnAddressAreLimited(t *testing.T) {
	s := newSite(t)
	for i := range perAddress.count {
		if got := s.find(t, fmt.Sprint("name", i), "wrong", "192.0.2.1"); got != 401 {
			t.Fatalf("%d: %d", i, got)
		}
	}
	hashed := s.hashed.Load()
	for range 3 {
		_, _, err := s.Find(request("ann", "correct horse", "192.0.2.1"))
		var refused *auth.Error
		if !errors.As(err, &refused) || refused.Status != 429 || refused.RetryAfter != int(perAddress.pause.Seconds()) {
			t.Errorf("%+v", err)
		}
	}
	if s.hashed.Load() != hashed {
		t.Error("a request that was refused took a hash")
	}
	if n := strings.Count(s.log.String(), "sign-in refused"); n != 1 {
		t.Errorf("%d lines of refusal for three requests:\n%s", n, &s.log)
	}
	if got := s.find(t, "ann", "correct horse", "192.0.2.2"); got != 200 {
		t.Errorf("another address: %d", got)
	}
	s.pass(perAddress.pause)
	if got := s.find(t, "ann", "correct horse", "192.0.2.1"); got != 200 {
		t.Errorf("after the pause: %d", got)
	}
}

// TestSameWrongPasswordIsHashedOnceAndCountsLess has a program that goes on with the password that it was given.
func TestSameWrongPasswordIsHashedOnceAndCountsLess(t *testing.T) {
	s := newSite(t)
	repeats := int((float64(perName.count) - 1) / repeatWeight)
	for i := range 1 + repeats {
		if got := s.find(t, "ann", "wrong", "192.0.2.1"); got != 401 {
			t.Fatalf("%d: %d", i, got)
		}
	}
	if n := s.hashed.Load(); n != 1 {
		t.Errorf("%d hashes", n)
	}
	if got := s.find(t, "ann", "wrong", "192.0.2.1"); got != 429 {
		t.Errorf("after %d times: %d", 1+repeats, got)
	}
}

func TestWrongPasswordsOfANameAreLimitedFromAllAddresses(t *testing.T) {
	s := newSite(t)
	if got := s.find(t, "ann", "correct horse", "192.0.2.200"); got != 200 {
		t.Fatal(got)
	}
	guesses := 0
	guess := func() string { guesses++; return fmt.Sprint("wrong", guesses) }
	for i := range perName.count {
		if got := s.find(t, "ann", guess(), fmt.Sprint("192.0.2.", i)); got != 401 {
			t.Fatalf("%d: %d", i, got)
		}
	}
	if got := s.find(t, "ann", guess(), "192.0.2.100"); got != 429 {
		t.Errorf("one more: %d", got)
	}
	if got := s.find(t, "bob", "battery staple", "192.0.2.100"); got != 200 {
		t.Errorf("another name: %d", got)
	}
	// Others do not lock a user out where the user has signed in.
	s.pass(rememberFor + time.Second)
	for i := range perName.count * 2 {
		s.find(t, "ann", guess(), fmt.Sprint("192.0.2.", i))
	}
	if got := s.find(t, "ann", "correct horse", "192.0.2.200"); got != 200 {
		t.Errorf("where ann has signed in: %d", got)
	}
	for range perName.count {
		s.find(t, "ann", guess(), "192.0.2.200")
	}
	if got := s.find(t, "ann", guess(), "192.0.2.200"); got != 429 {
		t.Errorf("guesses where ann has signed in: %d", got)
	}
}

func TestRightPasswordsAreNotLimited(t *testing.T) {
	s := newSite(t)
	for range 10 * perAddress.count {
		if _, err := s.Check(t.Context(), "ann", "correct horse", "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.hashed.Load(); n != int64(10*perAddress.count) {
		t.Errorf("Check made %d hashes", n)
	}
}

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
