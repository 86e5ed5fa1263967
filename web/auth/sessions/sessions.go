// Package sessions remembers the browsers that have signed in. A browser has a random token in a cookie; framegate has its hash.
package sessions

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth"
)

const (
	// idleTime is how long a session lasts without a request.
	idleTime = 7 * 24 * time.Hour
	// lifetime is how long a session lasts at most.
	lifetime = 30 * 24 * time.Hour
	// maxPerUser is how many sessions a user may have. A further one ends the least recently used one.
	maxPerUser = 16
	// maxInAll limits the sessions of all users, so that the file stays below the limit for files of the state directory.
	maxInAll = 500
)

// Users are those who may sign in. Any goroutine may call its methods.
type Users interface {
	// Principal returns a user. ok is false if there is none of this name.
	Principal(name string) (p auth.Principal, ok bool)
	// Stamp returns a text that changes whenever the password of a user is set, and is the same after a restart.
	Stamp(name string) string
	// Check returns the user with a name and a password. The error is an *auth.Error if they are wrong, or too many wrong ones were
	// tried.
	Check(ctx context.Context, name, password, address string) (auth.Principal, error)
}

// Sessions are the sessions of all users, and the auth.Finder of their cookies. They are kept in the state directory. Any goroutine may
// call its methods.
type Sessions struct {
	users   Users
	changes *auth.Changes
	log     *slog.Logger
	// Secure reports whether a browser sends a request over TLS. It is set before the first request.
	Secure func(*http.Request) bool
	now    func() time.Time

	saving sync.Mutex // guards the file, and is taken before mu

	mu       sync.Mutex          // guards the fields below
	sessions map[string]*session // by the hash of their token
	stamps   map[string]string   // of the users' passwords, by name; the map is replaced, never changed
	loaded   bool
	saved    time.Time
}

// session is a session as it is stored in the file.
type session struct {
	Token   string    `json:"token_sha256"`
	User    string    `json:"user"`
	Stamp   string    `json:"stamp"`   // of the user's password, at sign-in
	Address string    `json:"address"` // of the client, at sign-in
	Browser string    `json:"browser"`
	Since   time.Time `json:"since"`
	Seen    time.Time `json:"seen"` // when the last request came
}

// until returns when a session ends by itself.
func (s *session) until() time.Time {
	idle, end := s.Seen.Add(idleTime), s.Since.Add(lifetime)
	if idle.Before(end) {
		return idle
	}
	return end
}

// Session is a session as its user sees it.
type Session struct {
	ID      string    `json:"id"` // not a secret
	Address string    `json:"address"`
	Browser string    `json:"browser"`
	Since   time.Time `json:"since"`
	Seen    time.Time `json:"seen"`
	Current bool      `json:"current"` // the session of this request
}

// idOf returns the ID of the session whose token has a hash.
func idOf(hash string) string { return hash[:16] }

// New returns the sessions of users. It reports to changes when sessions end.
func New(users Users, changes *auth.Changes, log *slog.Logger) *Sessions {
	return &Sessions{
		users: users, changes: changes, log: log, now: time.Now, sessions: map[string]*session{},
		Secure: func(r *http.Request) bool { return r.TLS != nil },
	}
}

// Configure ends the sessions of users whose password has changed. It is called after the users are configured, so that nobody signs
// in with a previous password after it. The sessions of users who are not in the configuration do not count, but are kept: another
// framegate may use the same state directory.
func (s *Sessions) Configure(config *configs.Config) {
	stamps := map[string]string{}
	for _, user := range config.Auth.Users {
		stamps[user.Name] = s.users.Stamp(user.Name)
	}
	s.mu.Lock()
	s.stamps = stamps
	load := !s.loaded && len(stamps) > 0
	s.loaded = s.loaded || load
	if load {
		s.load()
	}
	of := map[string]int{}
	ended := s.remove(func(one *session) bool {
		stamp, exists := stamps[one.User]
		if exists && stamp != one.Stamp {
			of[one.User]++
			return true
		}
		return false
	})
	s.mu.Unlock()
	for user, count := range of {
		s.log.Info("sessions ended: the password has changed", "who", user, "sessions", count)
	}
	if ended > 0 {
		s.saveChange()
	}
}

// Find implements auth.Finder. A cookie that is no longer valid counts as no credentials, because browsers send it unasked.
func (s *Sessions) Find(r *http.Request) (p auth.Principal, found bool, err error) {
	hash, user, until := s.use(r)
	if hash == "" {
		return auth.Principal{}, false, nil
	}
	p, found = s.users.Principal(user)
	if !found {
		return auth.Principal{}, false, nil
	}
	if p.Until.IsZero() || until.Before(p.Until) {
		p.Until = until
	}
	return p, true, nil
}

// Has reports whether a request has the cookie of a session of a user, and signedIn the address at which that session began. A request with
// other credentials may bring the cookie of somebody else.
func (s *Sessions) Has(r *http.Request, user string) (signedIn string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.of(r)
	if one == nil || one.User != user {
		return "", false
	}
	return one.Address, true
}

// use marks the session of a request as used now, and returns the hash of its token, its user and when it ends by itself. The hash is
// empty if there is no session.
func (s *Sessions) use(r *http.Request) (hash, user string, until time.Time) {
	now := s.now()
	s.mu.Lock()
	one := s.of(r)
	if one == nil {
		s.mu.Unlock()
		return "", "", time.Time{}
	}
	one.Seen = now
	hash, user, until = one.Token, one.User, one.until()
	due := now.Sub(s.saved) > saveInterval
	s.mu.Unlock()
	if due && s.saving.TryLock() { // only one request at a time waits for the disk
		s.save()
		s.saving.Unlock()
	}
	return hash, user, until
}

// of returns the session of a request, nil for none. mu is held.
func (s *Sessions) of(r *http.Request) *session {
	for _, cookie := range r.CookiesNamed(s.cookieName(r)) {
		if len(cookie.Value) != tokenLength {
			continue
		}
		one := s.sessions[hashOf(cookie.Value)]
		if one != nil && s.valid(one) {
			return one
		}
	}
	return nil
}

// valid reports whether a session has not ended, and its user still has the password of the sign-in. mu is held.
func (s *Sessions) valid(one *session) bool {
	stamp, exists := s.stamps[one.User]
	return exists && stamp == one.Stamp && s.now().Before(one.until())
}

// SignIn begins a session if the password is right, and sets its cookie. It ends the session that the browser had before. address is the
// client's. The error is that of Users.Check, or an *auth.Error if the password has changed meanwhile.
func (s *Sessions) SignIn(w http.ResponseWriter, r *http.Request, name, password, address string) error {
	s.mu.Lock()
	stamps := s.stamps // taken before the check, because a password may change during it
	s.mu.Unlock()
	p, err := s.users.Check(r.Context(), name, password, address)
	if err != nil {
		return err
	}
	if !s.Begin(w, r, p.Name, stamps[p.Name], address) {
		return &auth.Error{Status: http.StatusUnauthorized, Detail: "the password has just been changed"}
	}
	return nil
}

// Begin begins a session for a user who has just shown to know the password with a stamp, and sets its cookie. The session that the browser
// had ends. It is false, and nothing happens, if the user has that password no more.
func (s *Sessions) Begin(w http.ResponseWriter, r *http.Request, user, stamp, address string) bool {
	token := rand.Text() + rand.Text()
	now := s.now()
	one := &session{
		Token: hashOf(token), User: user, Stamp: stamp, Address: address, Browser: browser(r.UserAgent()), Since: now, Seen: now,
	}
	s.mu.Lock()
	if !s.valid(one) {
		s.mu.Unlock()
		return false
	}
	old := s.of(r)
	s.remove(func(other *session) bool { return other == old || !now.Before(other.until()) })
	s.sessions[one.Token] = one
	s.bound(user)
	s.mu.Unlock()
	s.setCookie(w, r, token)
	s.saveChange()
	return true
}

// SignOut ends the session of a request, and removes its cookie from the browser. It returns the user, empty if there was no session.
func (s *Sessions) SignOut(w http.ResponseWriter, r *http.Request) (user string) {
	s.mu.Lock()
	one := s.of(r)
	if one != nil {
		user = one.User
		delete(s.sessions, one.Token)
	}
	s.mu.Unlock()
	s.setCookie(w, r, "")
	if one != nil {
		s.saveChange()
	}
	return user
}

// List returns the sessions of a user, the most recently used first.
func (s *Sessions) List(r *http.Request, user string) []Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	current := s.of(r)
	list := []Session{}
	for _, one := range s.sessions {
		if one.User == user && s.valid(one) {
			list = append(list, Session{
				ID: idOf(one.Token), Address: one.Address, Browser: one.Browser, Since: one.Since, Seen: one.Seen, Current: one == current,
			})
		}
	}
	slices.SortFunc(list, func(a, b Session) int { return b.Seen.Compare(a.Seen) })
	return list
}

// End ends a session of a user, and reports whether the user had such a session.
func (s *Sessions) End(user, id string) bool {
	return s.endAll(func(one *session) bool { return one.User == user && idOf(one.Token) == id }) > 0
}

// EndOthers ends all sessions of a user but that of a request, and returns how many there were.
func (s *Sessions) EndOthers(r *http.Request, user string) int {
	s.mu.Lock()
	current := s.of(r)
	s.mu.Unlock()
	return s.endAll(func(one *session) bool { return one.User == user && one != current })
}

func (s *Sessions) endAll(of func(*session) bool) (ended int) {
	s.mu.Lock()
	ended = s.remove(of)
	s.mu.Unlock()
	if ended > 0 {
		s.saveChange()
	}
	return ended
}

// remove removes sessions, and returns how many there were. mu is held.
func (s *Sessions) remove(which func(*session) bool) (removed int) {
	for token, one := range s.sessions {
		if which(one) {
			delete(s.sessions, token)
			removed++
		}
	}
	return removed
}

// bound removes sessions beyond the limits, the least recently used first. mu is held.
func (s *Sessions) bound(user string) {
	s.boundTo(maxPerUser, func(one *session) bool { return one.User == user })
	s.boundTo(maxInAll, func(*session) bool { return true })
}

func (s *Sessions) boundTo(limit int, of func(*session) bool) {
	var some []*session
	for _, one := range s.sessions {
		if of(one) {
			some = append(some, one)
		}
	}
	slices.SortFunc(some, func(a, b *session) int { return b.Seen.Compare(a.Seen) })
	for _, one := range some[min(limit, len(some)):] {
		delete(s.sessions, one.Token)
	}
}

// saveChange saves the sessions after some have ended or one has begun, and reports the change.
func (s *Sessions) saveChange() {
	s.saving.Lock()
	s.save()
	s.saving.Unlock()
	s.changes.Changed()
}

// hashLength is the length of a hash, in hexadecimal digits.
const hashLength = 2 * sha256.Size

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
