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

// pageVisitor is what pages say about the principal of their request.
type pageVisitor struct {
	Name       string // given by a user, a proxy or a token; empty for other principals
	SignedIn   bool   // with a session, which can be ended
	MaySignIn  bool   // there are users, and this is not one of them
	SignInPath string // of the sign-in page, which leads back to this one; relative to the root
}

func (s *server) pageVisitor(r *http.Request) pageVisitor {
	p := auth.Of(r.Context())
	named := p.Kind == auth.User || p.Kind == auth.Proxy || p.Kind == auth.Token
	_, hasSession := s.sessions.Has(r, p.Name)
	v := pageVisitor{SignedIn: p.Kind == auth.User && hasSession, MaySignIn: s.hasUsers() && !named, SignInPath: signInPath(r)}
	if named {
		v.Name = p.Name
	}
	return v
}

func (s *server) hasUsers() bool { return len(s.config.Load().Auth.Users) > 0 }

// signInPath returns the path of the sign-in page, relative to the root, with a query that leads back to the page of a request.
func signInPath(r *http.Request) string {
	u := withoutCredentials(r).URL
	back, query := u.EscapedPath(), u.RawQuery
	if values := u.Query(); values.Has(languageParameter) { // another one may be chosen there
		values.Del(languageParameter)
		query = values.Encode()
	}
	if query != "" {
		back += "?" + query
	}
	if back = returnPath(back); back == "/" {
		return "sign-in"
	}
	return "sign-in?next=" + url.QueryEscape(back)
}

// maxReturnPath limits the length of a return path, in bytes.
const maxReturnPath = 2000

// returnPath returns the path and query to which a sign-in leads: next, or "/" if that does not lead to a page of this server. Without
// this check, a link to the sign-in page could lead on to another server.
func returnPath(next string) string {
	u, err := url.Parse(next)
	switch {
	case err != nil, len(next) > maxReturnPath, u.Scheme != "", u.Host != "", u.User != nil:
	case strings.ContainsFunc(next, func(c rune) bool { return c <= ' ' || c > '~' || c == '\\' }):
	case !strings.HasPrefix(next, "/"), strings.Contains(strings.ToLower(u.EscapedPath()), "%2f"), strings.Contains(u.Path, "//"):
	case path.Clean(u.Path) != strings.TrimSuffix(u.Path, "/") && u.Path != "/":
	case u.Path == "/sign-in", u.Path == "/sign-out":
	default:
		return next
	}
	return "/"
}

// seeOther redirects a browser to a path below the root, which it GETs. The address is relative, because a proxy may serve framegate
// below a path.
func seeOther(w http.ResponseWriter, r *http.Request, path string) {
	h := w.Header()
	h.Set("Location", root(r)+"./"+strings.TrimPrefix(path, "/"))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusSeeOther)
}

// showSignIn serves GET /sign-in.
func (s *server) showSignIn(w http.ResponseWriter, r *http.Request) {
	next := returnPath(r.URL.Query().Get("next"))
	if !s.hasUsers() || s.pageVisitor(r).Name != "" {
		seeOther(w, r, next)
		return
	}
	s.page(w, r, "sign-in.html", map[string]any{"Next": next})
}

// signIn serves POST /sign-in, the form.
func (s *server) signIn(w http.ResponseWriter, r *http.Request) {
	name, next := r.PostForm.Get("name"), returnPath(r.PostForm.Get("next"))
	if !s.hasUsers() {
		seeOther(w, r, next)
		return
	}
	err := s.sessions.SignIn(w, r, name, r.PostForm.Get("password"), addressOf(r))
	if err == nil {
		seeOther(w, r, next)
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
	seeOther(w, r, "sign-in")
}

// sentence returns the detail of a problem as a sentence for a page.
func sentence(detail string) string {
	if detail == "" {
		return ""
	}
	return strings.ToUpper(detail[:1]) + detail[1:] + "."
}

// The limits of a form's body: its size in bytes, and the time in which it must come.
const (
	maxForm     = 10 << 10 // three passwords, with each of their bytes percent-encoded
	formTimeout = 2 * time.Second
)

// How many forms may be read at a time, in all and from one address: anybody may send them.
const (
	maxForms      = 64
	maxFormsOfOne = 16
)

// form passes on requests with a form, after it has parsed the form into PostForm. Pages of other origins may not send any: they would act
// in the name of whoever looks at them.
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

// readForm parses the form of a request into PostForm. The problem is nil on success.
func (s *server) readForm(w http.ResponseWriter, r *http.Request) *problem {
	leave, status := s.forms.enter(addressOf(r), maxForms, maxFormsOfOne)
	if leave == nil {
		return &problem{Status: status, Detail: "too many forms are being read; try again", retryAfter: 1}
	}
	defer leave()
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Now().Add(formTimeout))
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	err := r.ParseForm()
	tooLarge := new(http.MaxBytesError)
	switch {
	case errors.As(err, &tooLarge):
		return &problem{Status: http.StatusRequestEntityTooLarge, Detail: "the form is larger than 10 KiB"}
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.Header().Set("Connection", "close")
		return &problem{Status: http.StatusRequestTimeout, Detail: fmt.Sprintf("the form did not come within %v", formTimeout)}
	case err != nil:
		return &problem{Status: http.StatusBadRequest, Detail: "the form is not understood"}
	}
	control.SetReadDeadline(time.Time{}) // later requests share the connection
	return nil
}
