// Package auth says who sends a request, and what they may see and do. It knows nothing of cameras but their IDs.
package auth

import (
	"context"
	"net/http"
	"path"
	"slices"
	"time"
)

// Role is what somebody may do. A higher role may do all that a lower one may.
type Role int

// The roles.
const (
	Anybody Role = iota // may do what needs no right
	Viewer              // may see cameras
	Admin               // may see everything, and change cameras
)

// String returns viewer or admin, as in the configuration, or nobody for Anybody.
func (r Role) String() string { return [...]string{"nobody", "viewer", "admin"}[r] }

// Kind is how a principal is known.
type Kind string

// The kinds of principals.
const (
	Nobody Kind = "nobody" // is not known
	Local  Kind = "local"  // asks from this machine, as long as there are no users
	Open   Kind = "open"   // may watch because everybody may
	User   Kind = "user"   // has a name and a password
	Link   Kind = "link"   // has a signed link
	Token  Kind = "token"  // has a token of another server
	Proxy  Kind = "proxy"  // is named by a proxy that is trusted
)

// Principal is who sends a request. It is not changed after it is found.
type Principal struct {
	Kind    Kind
	Name    string // of a user, or what a token says; empty if it has none
	Role    Role
	Cameras []string  // patterns of path.Match for the IDs of the cameras that it may see; empty for all
	Until   time.Time // when its right ends; zero for never

	// Shared identifies credentials that several people may hold and that carry no name, for limits and the log: a link, or a token
	// without a name. It does not reveal them. It is empty for other principals.
	Shared string

	// Renew returns the principal as it is now, for long requests, and reports whether the credentials are still valid. It is cheap, and
	// any goroutine may call it. If it is nil, Finder.Find is called again.
	Renew func() (now Principal, ok bool)
}

// Sees reports whether the principal may see a camera. Any goroutine may call it.
func (p Principal) Sees(camera string) bool {
	return p.Role >= Viewer && (len(p.Cameras) == 0 || slices.ContainsFunc(p.Cameras, func(pattern string) bool {
		matches, err := path.Match(pattern, camera)
		return matches && err == nil
	}))
}

// Error says why a request that carries credentials has no principal.
type Error struct {
	Status     int    // 401, 403, 410, 429 or 503
	Detail     string // for the client; it does not help to guess credentials
	RetryAfter int    // seconds; 0 for no such header
	Challenge  string // value of the header WWW-Authenticate; empty for none
	Kind       Kind   // Link if the credentials are a link; empty otherwise
}

func (e *Error) Error() string { return e.Detail }

// Finder finds principals by one kind of credentials. Any goroutine may call it.
type Finder interface {
	// Find returns the principal of a request. found is false if the request has no credentials of this kind. The error is an *Error.
	Find(r *http.Request) (p Principal, found bool, err error)
}

// Parameters are the query parameters that may carry credentials. Handlers do not see them.
var Parameters = []string{"token", "expires", "key", "any", "ip", "nonce", "signature"}

type key struct{}

// WithPrincipal returns a context that carries a principal.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, key{}, p)
}

// Of returns the principal that a request's context carries, or one of kind Nobody if it carries none.
func Of(ctx context.Context) Principal {
	p, ok := ctx.Value(key{}).(Principal)
	if !ok {
		return Principal{Kind: Nobody}
	}
	return p
}
