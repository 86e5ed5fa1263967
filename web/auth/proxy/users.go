package proxy

import (
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth"
)

// Users is an auth.Finder for users whom a proxy has authenticated. Before the first Configure it finds nobody. Any goroutine may call
// its methods.
type Users struct {
	log    *slog.Logger
	config atomic.Pointer[configs.Config]
}

// NewUsers returns a finder.
func NewUsers(log *slog.Logger) *Users { return &Users{log: log} }

// Configure sets which proxies may name users from now on, and in which headers.
func (u *Users) Configure(config *configs.Config) {
	u.config.Store(config)
}

// Find implements auth.Finder. Headers that do not come from a trusted proxy with its secret are ignored: anybody can send them.
func (u *Users) Find(r *http.Request) (auth.Principal, bool, error) {
	whole := u.config.Load()
	if whole == nil {
		return auth.Principal{}, false, nil
	}
	config := &whole.Auth.Proxy
	if config.UserHeader == "" || len(r.Header.Values(config.UserHeader)) == 0 {
		return auth.Principal{}, false, nil
	}
	f, trusted := Of(r.Context())
	trusted = trusted && whole.Proxies.Trust(f.from, f.local) // the proxy may have lost its trust since the request came
	if !trusted || !knows(r.Header.Values(config.SecretHeader), config.Secret) {
		u.log.Debug("a header with a user was ignored", "from", r.RemoteAddr, "trusted", trusted)
		return auth.Principal{}, false, nil
	}
	p, fault := principal(r.Header, config)
	if fault != "" {
		u.log.Debug("a user of a proxy was refused", "why", fault)
		return auth.Principal{}, true, &auth.Error{Status: http.StatusForbidden, Detail: "the headers of the proxy let nobody in: " + fault}
	}
	p.Until = f.at.Add(config.RecheckAfter) // framegate does not learn when the user's session at the proxy ends
	return p, true, nil
}

// knows reports whether a proxy has sent the secret. The time that this takes does not depend on how much of it is right.
func knows(sent []string, secret configs.Secret) bool {
	if len(sent) != 1 || secret == "" {
		return false
	}
	a, b := sha256.Sum256([]byte(sent[0])), sha256.Sum256([]byte(secret.Reveal()))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// maxName is how long the name of a user may be in bytes. It is logged.
const maxName = 200

// principal returns whom the headers of a proxy name, or what is wrong with them.
func principal(header http.Header, config *configs.ProxyAuth) (p auth.Principal, fault string) {
	names := header.Values(config.UserHeader)
	if name := names[0]; len(names) > 1 || name == "" || len(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return p, "the header with the user is not one short name"
	}
	p = auth.Principal{Kind: auth.Proxy, Name: names[0]}
	if p.Role = role(header, config); p.Role == auth.Anybody {
		return p, "the role is unknown"
	}
	if config.CamerasHeader == "" {
		return p, ""
	}
	given := header.Values(config.CamerasHeader)
	if len(given) == 0 && p.Role == auth.Admin {
		return p, ""
	}
	p.Cameras = strings.FieldsFunc(strings.Join(given, ","), func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	if len(p.Cameras) == 0 || slices.ContainsFunc(p.Cameras, func(pattern string) bool { _, err := path.Match(pattern, ""); return err != nil }) {
		return p, "the header with the cameras has no pattern, or a wrong one"
	}
	if p.Role == auth.Admin && !configs.AllCameras(p.Cameras) {
		return p, "the header with the cameras limits an admin to some cameras, but an admin sees all"
	}
	return p, ""
}

// role returns the role that the headers of a proxy give, Anybody if they give none or an unknown one.
func role(header http.Header, config *configs.ProxyAuth) auth.Role {
	word := config.DefaultRole
	if config.RoleHeader != "" && len(header.Values(config.RoleHeader)) > 0 {
		word = strings.Join(header.Values(config.RoleHeader), ",")
	} else if config.GroupsHeader != "" {
		for group := range strings.SplitSeq(strings.Join(header.Values(config.GroupsHeader), ","), ",") {
			if slices.Contains(config.AdminGroups, strings.TrimSpace(group)) {
				return auth.Admin
			}
		}
	}
	switch word {
	case auth.Viewer.String():
		return auth.Viewer
	case auth.Admin.String():
		return auth.Admin
	}
	return auth.Anybody
}
