package users

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
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
