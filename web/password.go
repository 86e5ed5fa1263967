package web

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/framegate/framegate/configs/edit"
	"github.com/framegate/framegate/configs/password"
	"github.com/framegate/framegate/web/auth"
)

// passwordChanged is the parameter of the account page that says that the password was changed.
const passwordChanged = "password-changed"

// changePassword serves POST /account/password, the form of the account page.
func (s *server) changePassword(w http.ResponseWriter, r *http.Request) {
	refused := &problem{Status: http.StatusBadRequest, Detail: "the two new passwords differ"}
	if r.PostForm.Get("new") == r.PostForm.Get("again") {
		refused = s.newPassword(w, r, r.PostForm.Get("old"), r.PostForm.Get("new"))
	}
	if refused == nil {
		seeOther(w, r, "account?"+passwordChanged)
		return
	}
	if refused.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(refused.retryAfter))
	}
	s.showAccount(w, r, refused.Status, sentence(refused.Detail))
}

// setPassword serves PUT /api/password.
func (s *server) setPassword(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Old string `json:"old"`
		New string `json:"new"`
	}
	if bad := readObject(r, &asked, `{"old": "…", "new": "…"}`); bad != nil {
		bad.write(w)
		return
	}
	if refused := s.newPassword(w, r, asked.Old, asked.New); refused != nil {
		refused.write(w)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// newPassword changes the password of the user who asks, and ends the sessions of that user. A browser that has one gets a new one.
func (s *server) newPassword(w http.ResponseWriter, r *http.Request, old, new string) *problem {
	user := userWhoAsks(r)
	signedIn, hasSession := s.sessions.Has(r, user)
	if user == "" {
		return &problem{Status: http.StatusNotFound, Detail: "you have no password here"}
	}
	if refused := s.fixed(); refused != nil {
		return refused
	}
	if err := password.Check(new); err != nil {
		return &problem{Status: http.StatusBadRequest, Detail: strings.Replace(err.Error(), "the password", "the new password", 1), Parameter: "new"}
	}
	if hasSession && signedIn == addressOf(r) {
		s.users.SignedIn(user, signedIn)
	}
	changed, err := s.users.Change(r.Context(), user, old, new, addressOf(r))
	if err == nil {
		err = s.File.SetPassword(user, changed.Was, changed.Hash)
	}
	if err != nil {
		return s.refusedPassword(user, err)
	}
	s.audit(r, "password changed")
	if hasSession {
		s.sessions.Begin(w, r, user, changed.Stamp, addressOf(r))
	}
	return nil
}

// refusedPassword is the answer if a password is not changed.
func (s *server) refusedPassword(user string, err error) *problem {
	var refused *auth.Error
	switch {
	case errors.As(err, &refused) && refused.Status == http.StatusUnauthorized: // who asks is known all the same
		return &problem{Status: http.StatusForbidden, Detail: "the old password is wrong", Parameter: "old"}
	case errors.As(err, &refused):
		return &problem{Status: refused.Status, Detail: refused.Detail, retryAfter: refused.RetryAfter}
	case errors.Is(err, edit.ErrNoUser):
		return &problem{Status: http.StatusNotFound, Detail: err.Error()}
	}
	if status := statusOfChange(err); status != 0 {
		s.Log.Warn("a password was not changed", "who", user, "error", err)
		return &problem{Status: status, Detail: "the configuration file cannot be changed now; an admin finds the reason in the log"} // faults quote the file
	}
	s.Log.Error("changing a password failed", "who", user, "error", err)
	return &problem{Status: http.StatusInternalServerError, Detail: "changing the password failed; the log says more"}
}
