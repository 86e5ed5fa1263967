package web

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/framegate/framegate/web/auth"
)

// pageVisitor is what pages say of who looks at them.
type pageVisitor struct {
	Name       string // of a user, a proxy's or a token's; empty for others
	SignedIn   bool   // with a session, which can be ended
	MaySignIn  bool   // because there are users, and this is none
	SignInPath string // with the way back, from the root
}

func (s *server) pageVisitor(r *http.Request) pageVisitor {
	p := auth.Of(r.Context())
	named := p.Kind == auth.User || p.Kind == auth.Proxy || p.Kind == auth.Token
	v := pageVisitor{SignedIn: p.Kind == auth.User && s.sessions.Has(r), MaySignIn: s.hasUsers() && !named, SignInPath: signInPath(r)}
	if named {
		v.Name = p.Name
	}
	return v
}

func (s *server) hasUsers() bool { return len(s.config.Load().Auth.Users) > 0 }

// signInPath is the path of the sign-in page that leads back to the page of a request, from the root.
func signInPath(r *http.Request) string {
	u := withoutCredentials(r).URL
	back := u.EscapedPath()
	if u.RawQuery != "" {
		back += "?" + u.RawQuery
	}
	if back = wayBack(back); back == "/" {
		return "sign-in"
	}
	return "sign-in?next=" + url.QueryEscape(back)
}

// maxWayBack is how long a way back may be, in bytes.
const maxWayBack = 2000

// wayBack returns a path of this server with its query, as it is asked for after a sign-in, or "/" if it is none. Without this
// check, a link to the sign-in page could lead on to another server.
func wayBack(next string) string {
	u, err := url.Parse(next)
	switch {
	case err != nil, len(next) > maxWayBack, u.Scheme != "", u.Host != "", u.User != nil:
	case strings.ContainsFunc(next, func(c rune) bool { return c <= ' ' || c > '~' || c == '\\' }):
	case !strings.HasPrefix(next, "/"), strings.Contains(strings.ToLower(u.EscapedPath()), "%2f"), path.Clean(u.Path) != strings.TrimSuffix(u.Path, "/") && u.Path != "/", strings.Contains(u.Path, "//"):
	case u.Path == "/sign-in", u.Path == "/sign-out":
	default:
		return next
	}
	return "/"
}

// see sends a browser on to a path below the root. The address is relative, because a proxy may serve framegate below a path.
func see(w http.ResponseWriter, r *http.Request, path string) {
	h := w.Header()
	h.Set("Location", root(r)+"./"+strings.TrimPrefix(path, "/"))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusSeeOther)
}

// showSignIn serves GET /sign-in.
func (s *server) showSignIn(w http.ResponseWriter, r *http.Request) {
	next := wayBack(r.URL.Query().Get("next"))
	if !s.hasUsers() || s.pageVisitor(r).Name != "" {
		see(w, r, next)
		return
	}
	s.page(w, r, "sign-in.html", map[string]any{"Next": next})
}

// signIn serves POST /sign-in, the form.
func (s *server) signIn(w http.ResponseWriter, r *http.Request) {
	name, next := r.PostForm.Get("name"), wayBack(r.PostForm.Get("next"))
	if !s.hasUsers() {
		see(w, r, next)
		return
	}
	err := s.sessions.SignIn(w, r, name, r.PostForm.Get("password"), addressOf(r))
	if err == nil {
		see(w, r, next)
		return
	}
	refused := &auth.Error{Status: http.StatusServiceUnavailable, Detail: "signing in failed; try again"}
	errors.As(err, &refused)
	if refused.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(refused.RetryAfter))
	}
	s.pageWithStatus(w, r, refused.Status, "sign-in.html", map[string]any{"Next": next, "Username": clip(name), "Refusal": sentence(refused.Detail)})
}

// signOut serves POST /sign-out.
func (s *server) signOut(w http.ResponseWriter, r *http.Request) {
	if who := s.sessions.SignOut(w, r); who != "" {
		s.Log.Info("signed out", "who", who, "from", addressOf(r))
	}
	see(w, r, "sign-in")
}

// sentence makes a detail of a problem a sentence for a page.
func sentence(detail string) string {
	if detail == "" {
		return ""
	}
	return strings.ToUpper(detail[:1]) + detail[1:] + "."
}

// maxForm is how large the body of a form may be, in bytes, and formTimeout is how long it may take.
const (
	maxForm     = 8 << 10
	formTimeout = 2 * time.Second
)

// How many forms may be read at a time, in all and of one address: anybody may send them.
const (
	maxForms      = 64
	maxFormsOfOne = 16
)

// form passes on the requests of forms, whose values are in PostForm. Pages of other origins may not send any: they would act in the name of
// whoever looks at them.
func (s *server) form(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		switch {
		case !sameOrigin(r):
			problem{Status: http.StatusForbidden, Detail: "forms of pages of another origin are not accepted"}.write(w)
			return
		case err != nil || kind != "application/x-www-form-urlencoded":
			problem{Status: http.StatusUnsupportedMediaType, Detail: "the header Content-Type must be application/x-www-form-urlencoded"}.write(w)
			return
		}
		if refused := s.readForm(w, r); refused != nil {
			refused.write(w)
			return
		}
		next(w, r)
	})
}

// readForm reads the form of a request.
func (s *server) readForm(w http.ResponseWriter, r *http.Request) *problem {
	leave, status := s.forms.enter(addressOf(r), maxForms, maxFormsOfOne)
	if leave == nil {
		return &problem{Status: status, Detail: "too many forms are being read at this moment; try again", retryAfter: 1}
	}
	defer leave()
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Now().Add(formTimeout))
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	err := r.ParseForm()
	tooLarge := new(http.MaxBytesError)
	switch {
	case errors.As(err, &tooLarge):
		return &problem{Status: http.StatusRequestEntityTooLarge, Detail: "the form is larger than 8 KiB"}
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.Header().Set("Connection", "close")
		return &problem{Status: http.StatusRequestTimeout, Detail: fmt.Sprintf("the form did not come within %v", formTimeout)}
	case err != nil:
		return &problem{Status: http.StatusBadRequest, Detail: "the form is not understood"}
	}
	control.SetReadDeadline(time.Time{}) // it would end what follows
	return nil
}
