package web

import (
	"html/template"
	"net/http"
)

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
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusForbidden)
	closedPage.Execute(w, behindProxy)
}

var closedPage = template.Must(template.New("").Parse(`<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>framegate</title>
<h1>framegate has no users yet</h1>
{{if .}}<p>Until it has one, it shows its cameras on its own machine only, and cannot know who asks through a proxy or another service. On that
machine, type</p>
{{else}}<p>Until it has one, it shows its cameras on its own machine only. On that machine, type</p>
{{end}}
<pre>framegate user add ann --admin</pre>
<p>and then sign in here. To let everybody watch who reaches this address, write this into the configuration instead:</p>
<pre>auth: {open: true}</pre>
`))
