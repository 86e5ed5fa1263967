package web

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/framegate/framegate/registry"
	"github.com/framegate/framegate/web/auth"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// admit passes on the requests whose principal has the role of the route and may see the camera of its {id}. The principal is in their
// context. Other requests are refused.
func (s *server) admit(to route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		p, err := s.principal(r)
		defer func() { s.logRequest(w, r, p, began) }()
		if to.role == auth.Anybody {
			p, err = known(p, err), nil
		}
		id := chi.URLParam(r, "id")
		switch {
		case err != nil && s.refuseLinked(w, r, err):
		case err != nil:
			refusePrincipal(w, r, err)
		case p.Role < to.role:
			s.refuseRole(w, r, p, to.role)
		case id != "" && !p.Sees(id):
			notSeen(id).write(w)
		default:
			ctx := context.WithValue(auth.WithPrincipal(r.Context(), p), originalKey{}, r)
			to.handler.ServeHTTP(w, withoutCredentials(r.WithContext(ctx)))
		}
	})
}

// originalKey is a key of the contexts that handlers see. Its value is the request as it arrived, with its credentials.
type originalKey struct{}

// withoutCredentials returns a request without the query parameters that carry credentials.
func withoutCredentials(r *http.Request) *http.Request {
	var kept []string
	for part := range strings.SplitSeq(r.URL.RawQuery, "&") {
		name, _, _ := strings.Cut(part, "=")
		if !slices.Contains(auth.Parameters, name) {
			kept = append(kept, part)
		}
	}
	query := strings.Join(kept, "&")
	if query == r.URL.RawQuery {
		return r
	}
	r = r.Clone(r.Context())
	r.URL.RawQuery = query
	return r
}

// logRequest writes the line of a request to the access log. The query of the URL may hold credentials, so it is left out. A stream
// over HTTP/1.1 is logged when it begins.
func (s *server) logRequest(w http.ResponseWriter, r *http.Request, p auth.Principal, began time.Time) {
	level := slog.LevelDebug
	if s.config.Load().AccessLog {
		level = slog.LevelInfo
	}
	if !s.Log.Enabled(r.Context(), level) {
		return
	}
	status := http.StatusOK
	if answer, ok := w.(middleware.WrapResponseWriter); ok {
		status = cmp.Or(answer.Status(), status)
	}
	kind := cmp.Or(p.Kind, auth.Nobody)
	s.Log.Log(r.Context(), level, "request", "method", r.Method, "path", clip(r.URL.Path), "status", status,
		"kind", kind, "who", p.Name, "from", addressOf(r), "took", time.Since(began).Round(time.Microsecond))
}

// known returns a principal, or nobody if the credentials were wrong.
func known(p auth.Principal, err error) auth.Principal {
	if err != nil {
		return auth.Principal{Kind: auth.Nobody}
	}
	return p
}

// principal finds out who asks. The error is an *auth.Error: the request carries credentials that are wrong.
func (s *server) principal(r *http.Request) (auth.Principal, error) {
	for _, finder := range s.finders {
		if p, found, err := finder.Find(r); found || err != nil {
			return p, err
		}
	}
	config := s.config.Load()
	switch {
	case len(config.Auth.Users) == 0 && fromLoopback(r) && !forwarded(r) && fromPerson(r):
		return auth.Principal{Kind: auth.Local, Role: localRole(r)}, nil
	case len(config.Auth.Users) == 0 && isUnix(r) && !forwarded(r): // a service that may open the socket by its file mode
		return auth.Principal{Kind: auth.Local, Role: auth.Viewer}, nil
	case config.Auth.Open:
		return auth.Principal{Kind: auth.Open, Role: auth.Viewer}, nil
	}
	return auth.Principal{Kind: auth.Nobody}, nil
}

// localRole is the role of requests from this machine as long as there are no users. A page of another origin, in a browser here, does
// not ask on behalf of the person who looks at it, so it reads as a viewer. Changes are checked by guards.
func localRole(r *http.Request) auth.Role {
	site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	if reads && (site == "cross-site" || site == "same-site" || origin != "" && origin != "http://"+r.Host && origin != "https://"+r.Host) {
		return auth.Viewer
	}
	return auth.Admin
}

// refusePrincipal answers a request whose credentials are wrong.
func refusePrincipal(w http.ResponseWriter, r *http.Request, err error) {
	p := problem{Status: http.StatusUnauthorized, Detail: err.Error()}
	var refused *auth.Error
	if errors.As(err, &refused) {
		p.Status, p.retryAfter = refused.Status, refused.RetryAfter
	}
	switch {
	case refused != nil && refused.Challenge != "":
		w.Header().Set("WWW-Authenticate", refused.Challenge)
	case p.Status == http.StatusUnauthorized:
		challenge(w, r)
	}
	p.write(w)
}

// challenge asks for Basic credentials, unless an image or a script of a page made the request: the browser would open a dialog over
// the page. Over HTTP, browsers do not say what a request is for.
func challenge(w http.ResponseWriter, r *http.Request) {
	isBrowser := strings.HasPrefix(r.UserAgent(), "Mozilla/")
	if part := r.Header.Get("Sec-Fetch-Dest"); part == "document" || part == "" && !isBrowser {
		w.Header().Set("WWW-Authenticate", `Basic realm="framegate", charset="UTF-8"`)
	}
}

// refuseRole answers a request whose principal lacks the role of the route.
func (s *server) refuseRole(w http.ResponseWriter, r *http.Request, p auth.Principal, role auth.Role) {
	switch {
	case p.Role > auth.Anybody:
		problem{Status: http.StatusForbidden, Detail: "only an " + role.String() + " may do this" + s.whoIs(role)}.write(w)
	case s.hasUsers() && opensPage(r):
		seeOther(w, r, signInPath(r))
	case s.hasUsers():
		challenge(w, r)
		problem{Status: http.StatusUnauthorized, Detail: "sign in with a name and a password"}.write(w)
	case s.config.Load().Auth.Proxy.UserHeader != "" && !s.config.Load().Auth.JWT.Enabled():
		problem{Status: http.StatusForbidden, Detail: "sign in at the proxy through which framegate is served; this request came past it, or without its secret"}.write(w)
	case s.config.Load().Auth.JWT.Enabled():
		w.Header().Set("WWW-Authenticate", `Bearer realm="framegate"`)
		problem{Status: http.StatusUnauthorized, Detail: "this needs a token, in the header Authorization or the parameter token"}.write(w)
	default:
		s.explainClosed(w, r)
	}
}

// opensPage reports whether a browser wants to show the answer to a request as a page.
func opensPage(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && acceptsHTML.MatchString(r.Header.Get("Accept"))
}

// whoIs says who has a role if there are no users, as the end of a sentence.
func (s *server) whoIs(role auth.Role) string {
	if a := s.config.Load().Auth; role == auth.Admin && !s.hasUsers() && !a.JWT.Enabled() && a.Proxy.UserHeader == "" {
		return ": while there are no users, requests are an admin's only if they come from this machine, to 127.0.0.1, localhost or [::1], and not through a proxy"
	}
	return ""
}

// redacted returns what a principal may know of a camera. Only an admin sees the messages of errors, which contain the camera's address.
func redacted(p auth.Principal, status registry.Status) registry.Status {
	if p.Role >= auth.Admin {
		return status
	}
	status.Error = publicError(status.Error, string(status.Reason))
	streams := make([]registry.StreamStatus, len(status.Streams))
	for i, stream := range status.Streams {
		stream.Error = publicError(stream.Error, string(stream.State))
		streams[i] = stream
	}
	status.Streams = streams
	return status
}

// publicError replaces the message of an error by one that names its kind only. It is empty if there is no error.
func publicError(message, kind string) string {
	if message == "" {
		return ""
	}
	return "the camera sends no pictures: " + strings.ReplaceAll(kind, "_", " ")
}
