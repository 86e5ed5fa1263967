package web

import (
	"net/http"

	"github.com/framegate/framegate/web/auth"

	"github.com/go-chi/chi/v5"
)

// account serves GET /account: the principal of the request, and the sessions if it is a user.
func (s *server) account(w http.ResponseWriter, r *http.Request) {
	s.showAccount(w, r, http.StatusOK, "")
}

// showAccount answers with the account page, which says why a change of the password was refused if refusal is not empty.
func (s *server) showAccount(w http.ResponseWriter, r *http.Request, status int, refusal string) {
	p := auth.Of(r.Context())
	values := map[string]any{"Role": p.Role.String(), "Cameras": p.Cameras, "Kind": string(p.Kind), "Refusal": refusal}
	if p.Kind == auth.User {
		values["Sessions"] = s.sessions.List(r, p.Name)
		values["Fixed"] = s.fixed() != nil
		values["Changed"] = r.URL.Query().Has(passwordChanged)
	}
	s.pageWithStatus(w, r, status, "account.html", values)
}

// listSessions serves GET /api/sessions.
func (s *server) listSessions(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, s.sessions.List(r, userWhoAsks(r)))
}

// endSession serves POST /account/sessions/{session}/end: the buttons that end one session, or all others.
func (s *server) endSession(w http.ResponseWriter, r *http.Request) {
	if s.ended(r) {
		seeOther(w, r, "account") // leads to the sign-in page if the session was that of this browser
		return
	}
	noSession(w)
}

// deleteSession serves DELETE /api/sessions/{session}.
func (s *server) deleteSession(w http.ResponseWriter, r *http.Request) {
	if !sameOrigin(r) {
		problem{Status: http.StatusForbidden, Detail: "sessions cannot be ended by pages of another origin"}.write(w)
		return
	}
	if !s.ended(r) {
		noSession(w)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func noSession(w http.ResponseWriter) {
	problem{Status: http.StatusNotFound, Detail: "you have no such session"}.write(w)
}

// others takes the place of a session's id, for all sessions but that of the request.
const others = "others"

// ended ends the session that a request names, or all others, and reports whether there was such a session.
func (s *server) ended(r *http.Request) bool {
	id, user := chi.URLParam(r, "session"), userWhoAsks(r)
	switch {
	case id == others && user != "":
		s.Log.Info("sessions ended", "who", user, "from", addressOf(r), "sessions", s.sessions.EndOthers(r, user))
		return true
	case s.sessions.End(user, id):
		s.Log.Info("session ended", "who", user, "from", addressOf(r), "session", id)
		return true
	}
	return false
}

// userWhoAsks returns the name of the user who asks. It is empty for other principals, who have neither sessions nor a password here.
func userWhoAsks(r *http.Request) string {
	p := auth.Of(r.Context())
	if p.Kind != auth.User {
		return ""
	}
	return p.Name
}
