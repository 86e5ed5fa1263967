// Package links finds the principals of signed links: whoever has one may see one camera. Links are signed by framegate, or by somebody
// who has a key in common with it.
package links

import (
	"context"
	"crypto/hmac"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/state"
	"github.com/framegate/framegate/web/auth"
)

// Links finds the principals of signed links, makes links, and keeps their keys. Any goroutine may call its methods.
type Links struct {
	changed func() // called when links may have ended
	log     *slog.Logger
	now     func() time.Time
	nonce   func() string // of a new link

	// By is who runs the command that makes changes, for the log of the framegate that takes them over. It is empty for a framegate that
	// serves, which logs who has asked for a change. It is set before the first change.
	By string

	mu         sync.Mutex           // guards the fields below
	configured []key                // if there are any, the keys of the state directory are not used
	made       []key                // keys of the state directory, the newest first
	revoked    map[string]time.Time // when links that were revoked one by one expire, by revokedOf; nil before they have been read
	unknown    bool                 // it cannot be found out which links were revoked
	lost       bool                 // the file lacks links that were revoked

	reloading   sync.Mutex // held while the files are read, so that older contents never replace newer ones; guards the fields below
	keysFile    watched
	revokedFile watched
	said        string // why restore failed; empty if it did not
	started     bool   // the files were read before, so what is new in them has changed meanwhile
}

// New returns Links without a configuration. They call changed when links may have ended before their time.
func New(changed func(), log *slog.Logger) *Links {
	return &Links{
		changed: changed, log: log, now: time.Now, nonce: randomNonce,
		keysFile: watched{name: KeysFile, open: state.ReadFile}, revokedFile: watched{name: revokedFile, open: state.ReadFile},
	}
}

// Configure sets the keys of a configuration.
func (l *Links) Configure(config *configs.Config) {
	var keys []key
	for _, k := range config.Auth.LinkKeys {
		keys = append(keys, key{ID: k.ID, Secret: secret(k.Secret.Reveal())})
	}
	l.mu.Lock()
	before := l.accepted()
	l.configured = keys
	ended := lacks(l.accepted(), before)
	l.mu.Unlock()
	if ended {
		l.changed()
	}
	l.reload() // before the first link comes
}

// The errors of links. They do not say what is wrong with a link that is not valid.
var (
	errInvalid = &auth.Error{Status: http.StatusForbidden, Detail: "the link is not valid", Kind: auth.Link}
	errExpired = &auth.Error{Status: http.StatusGone, Detail: "the link has expired", Kind: auth.Link}
	errRevoked = &auth.Error{Status: http.StatusGone, Detail: "the link was revoked", Kind: auth.Link}
	errUnknown = &auth.Error{Status: http.StatusServiceUnavailable, Detail: "links cannot be checked now; the log of framegate says why", RetryAfter: 5}
)

// Revoked reports whether an error says that a link or its key was revoked.
func Revoked(err error) bool { return err == error(errRevoked) }

// Find implements auth.Finder. Whoever has a link is a viewer of one camera, who may GET and HEAD its pictures.
func (l *Links) Find(r *http.Request) (auth.Principal, bool, error) {
	given, signature, found, ok := read(r.URL.EscapedPath(), r.URL.RawQuery)
	if !found {
		return auth.Principal{}, false, nil
	}
	camera, covered := Covers(given.path)
	if !ok || !covered || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return auth.Principal{}, true, errInvalid
	}
	k, known := l.key(given.key)
	if !known || !hmac.Equal(signature, given.sign(k.Secret)) || given.ip != "" && given.client != clientOf(r) {
		return auth.Principal{}, true, errInvalid
	}
	until := given.until()
	revoked, certain := l.isRevoked(signature)
	switch {
	case k.Revoked != nil, revoked:
		return auth.Principal{}, true, errRevoked
	case !l.now().Before(until):
		return auth.Principal{}, true, errExpired
	case !certain:
		return auth.Principal{}, true, errUnknown
	}
	return auth.Principal{Kind: auth.Link, Name: k.ID, Role: auth.Viewer, Cameras: []string{camera}, Until: until, Shared: revokedOf(signature)[:8]}, true, nil
}

// clientOf returns the address from which a request comes, the zero address for a Unix socket.
func clientOf(r *http.Request) netip.Addr {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return from.Addr().Unmap().WithZone("")
}

// reload reads what other processes have changed in the state directory. The error says that the keys cannot be read.
func (l *Links) reload() error {
	l.reloading.Lock()
	defer l.reloading.Unlock()
	l.reloadRevoked() // it says in the log what is wrong, and what that means
	err := l.reloadKeys()
	l.started = true
	return err
}

// reloadInterval is how long a link may still be accepted after another process has revoked it or its key.
const reloadInterval = time.Second

// Run reads the files of the state directory again when other processes, such as 'framegate keys' and 'framegate revoke', have changed
// them, until ctx is done. New keys are also found without Run, when the first link comes that they have signed.
func (l *Links) Run(ctx context.Context) {
	tick := time.NewTicker(reloadInterval)
	defer tick.Stop()
	for {
		l.reload()
		l.restore()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
