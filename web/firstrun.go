package web

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth"
	"github.com/framegate/framegate/web/auth/firstrun"
)

// firstRunPath is where the form of the first run is sent.
const firstRunPath = "setup/first"

// firstRun answers all requests as long as framegate has no configuration, except those for its health and the style of its pages: nothing
// else works before there is an admin.
func (s *server) firstRun(next http.Handler) http.Handler {
	if s.FirstRun == nil {
		return next
	}
	create := s.form(s.makeFirstAdmin)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !s.FirstRun.Pending(), healthPaths[r.URL.Path], strings.HasPrefix(r.URL.Path, "/static/"):
			next.ServeHTTP(w, r)
		case r.Method == http.MethodPost && r.URL.Path == "/"+firstRunPath:
			create.ServeHTTP(w, r)
		case opensPage(r) && r.URL.Path == "/":
			s.showFirstRun(w, r, http.StatusOK, nil)
		case opensPage(r):
			s.showFirstRun(w, r, http.StatusServiceUnavailable, nil)
		default:
			problem{
				Status: http.StatusServiceUnavailable,
				Detail: "framegate is not set up yet: open its address in a browser, and make the first admin with the code in its log",
			}.write(w)
		}
	})
}

// showFirstRun shows the form that makes the first admin, and what was wrong with it.
func (s *server) showFirstRun(w http.ResponseWriter, r *http.Request, status int, wrong error) {
	values := map[string]any{"Path": firstRunPath, "Ended": s.FirstRun.Ended(), "Field": "", "Refusal": "", "Username": clip(r.PostForm.Get("name"))}
	var field *firstrun.FieldError
	if errors.As(wrong, &field) {
		values["Field"] = field.Field
	}
	if wrong != nil && !errors.Is(wrong, firstrun.ErrEnded) {
		values["Refusal"] = sentence(wrong.Error())
	}
	s.pageWithStatus(w, r, status, "setup-first.html", values)
}

// makeFirstAdmin serves the form of the first run. It signs the admin in.
func (s *server) makeFirstAdmin(w http.ResponseWriter, r *http.Request) {
	form := r.PostForm
	name := form.Get("name")
	var err error = &firstrun.FieldError{Field: "again", Text: "the two passwords differ"}
	if form.Get("password") == form.Get("again") {
		hash := func(text string) (configs.Secret, error) { return s.users.Hash(r.Context(), text) }
		err = s.FirstRun.Make(firstrun.Form{Code: form.Get("code"), Name: name, Password: form.Get("password")}, hash, func() error {
			_, err := s.File.Load()
			return err
		})
	}
	var wrong *firstrun.FieldError
	var busy *auth.Error
	switch {
	case err == nil:
		s.Log.Info("framegate is set up", "who", name, "from", addressOf(r), "file", s.File.Path)
		s.sessions.Begin(w, r, name, s.users.Stamp(name), addressOf(r))
		seeOther(w, r, "setup/add")
	case errors.As(err, &wrong), errors.Is(err, firstrun.ErrEnded):
		reason := "the code has ended"
		if wrong != nil {
			reason = "wrong " + wrong.Field // the text of a wrong name has what was typed, perhaps a password
		}
		s.visitLog.Warn("the first admin was not made", "from", addressOf(r), "reason", reason)
		s.showFirstRun(w, r, http.StatusForbidden, err)
	case errors.As(err, &busy):
		w.Header().Set("Retry-After", strconv.Itoa(busy.RetryAfter))
		s.showFirstRun(w, r, busy.Status, err)
	default:
		s.Log.Error("the first configuration cannot be made", "error", err)
		s.showFirstRun(w, r, http.StatusInternalServerError, err)
	}
}
