package web

import "net/http"

// What framegate answers while it has no users and the client is not on this machine.
const (
	closedToOthers = "framegate serves this machine only, because it has no users: on it, " + howToOpen
	closedToProxy  = "framegate has no users, and cannot know who asks through a proxy or another service: " + howToOpen
	howToOpen      = "run 'framegate user add NAME --admin', or write 'auth: {open: true}' into its configuration " +
		"to let everybody watch who reaches its address"
)

// explainClosed says what to do on the machine: in a page if the request is for one, else in a problem.
func (s *server) explainClosed(w http.ResponseWriter, r *http.Request) {
	behindProxy := fromLoopback(r)
	if !acceptsHTML.MatchString(r.Header.Get("Accept")) {
		detail := closedToOthers
		if behindProxy {
			detail = closedToProxy
		}
		problem{Status: http.StatusForbidden, Detail: detail}.write(w)
		return
	}
	plainPage(w, r, http.StatusForbidden, "closed.html", map[string]any{"BehindProxy": behindProxy})
}
