package users

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth"

	"golang.org/x/sync/singleflight"
)

// Find implements auth.Finder for Basic credentials. Without users it finds nothing: the credentials may be meant for a proxy that has
// passed them on.
func (u *Users) Find(r *http.Request) (auth.Principal, bool, error) {
	if !hasBasic(r) || u.empty() {
		return auth.Principal{}, false, nil
	}
	name, pass, ok := r.BasicAuth()
	if !ok || len(r.Header.Values("Authorization")) > 1 {
		return auth.Principal{}, false, &auth.Error{Status: http.StatusUnauthorized, Detail: "the header Authorization is not understood"}
	}
	user, err := u.verified(r.Context(), name, pass, u.Address(r))
	if err != nil {
		return auth.Principal{}, false, err
	}
	p := principalOf(user)
	p.Renew = func() (auth.Principal, bool) {
		now, _, ok := u.user(name)
		return principalOf(now), ok && now.PasswordHash == user.PasswordHash
	}
	return p, true, nil
}

func hasBasic(r *http.Request) bool {
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Basic")
}

// verified returns the user with a name and a password. If it does not remember them, it hashes the password, once for all requests with
// them that come from an address meanwhile.
func (u *Users) verified(ctx context.Context, name, pass, address string) (configs.User, error) {
	key := u.remembered.key(name, pass)
	if user, hash, ok := u.user(name); ok && u.remembered.has(key, verdict{hash, true}, u.now()) {
		u.attempts.succeeded(name, address, u.now())
		return user, nil
	}
	done := u.remembered.flights.DoChan(key+address, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxWait) // other requests may wait for this hash
		defer cancel()
		user, err := u.check(ctx, signIn, name, pass, address)
		if err == nil {
			u.remembered.add(key, verdict{user.PasswordHash, true}, u.now())
		}
		return user, err
	})
	select {
	case result := <-done:
		return result.Val.(configs.User), result.Err
	case <-ctx.Done():
		return configs.User{}, busy()
	}
}

const (
	maxWait     = 10 * time.Second // how long a request waits for a hash
	rememberFor = 10 * time.Minute // how long a name and a password are remembered after their last use
)

// memory remembers which names and passwords were right or wrong, by their keyed hashes.
type memory struct {
	secret  [32]byte // random, of this process
	flights singleflight.Group

	mu      sync.Mutex // guards entries
	entries map[string]entry
}

// verdict says whether a password was right for a hash of the configuration.
type verdict struct {
	hash  configs.Secret
	right bool
}

// entry is what is remembered about a name and a password.
type entry struct {
	verdict
	used time.Time
}

func newMemory() *memory {
	m := &memory{entries: map[string]entry{}}
	rand.Read(m.secret[:])
	return m
}

// key returns the keyed hash of a name and a password.
func (m *memory) key(name, pass string) string {
	sum := hmac.New(sha256.New, m.secret[:])
	sum.Write(binary.BigEndian.AppendUint64(nil, uint64(len(name))))
	sum.Write([]byte(name + pass))
	return string(sum.Sum(nil))
}

// has reports whether v is the remembered verdict on a name and a password.
func (m *memory) has(key string, v verdict, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[key]
	if !ok || now.Sub(e.used) > rememberFor || e.verdict != v {
		return false
	}
	e.used = now
	m.entries[key] = e
	return true
}

func (m *memory) add(key string, v verdict, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	makeRoom(m.entries, func(e entry) time.Duration { return now.Sub(e.used) })
	m.entries[key] = entry{v, now}
}

// stampOf returns a text that identifies a hash and reveals nothing about the password, because a hash has a random salt.
func stampOf(hash configs.Secret) string {
	sum := sha256.Sum256([]byte("framegate stamp\x00" + hash.Reveal()))
	return hex.EncodeToString(sum[:16])
}
