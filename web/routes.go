package web

import (
	"net/http"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/web/auth"
)

// route is a method and a path that the server answers. Who may use it is decided by its role alone, and, where the pattern has an {id},
// by the principal's cameras.
type route struct {
	method  string
	pattern string // of chi
	role    auth.Role
	handler http.Handler
}

// routes are all routes.
func (s *server) routes() []route {
	edit := func(handler http.HandlerFunc) http.Handler { return s.editing(handler) }
	change := func(handler http.HandlerFunc) http.Handler { return guarded(handler) }
	routes := []route{
		{http.MethodGet, "/healthz", auth.Anybody, http.HandlerFunc(s.healthz)},
		{http.MethodGet, "/readyz", auth.Anybody, http.HandlerFunc(s.readyz)},
		{http.MethodGet, "/static/*", auth.Anybody, http.HandlerFunc(static)},

		{http.MethodGet, "/", auth.Viewer, http.HandlerFunc(s.wall)},
		{http.MethodGet, "/cameras/{id}", auth.Viewer, http.HandlerFunc(s.camera)},
		{http.MethodGet, "/cameras/{id}/", auth.Viewer, http.HandlerFunc(s.camera)},
		{http.MethodGet, "/embed/{id}", auth.Viewer, http.HandlerFunc(s.embed)},
		{http.MethodGet, "/cameras/{id}/stream", auth.Viewer, http.HandlerFunc(s.stream)},
		{http.MethodGet, "/cameras/{id}/next.jpg", auth.Viewer, s.next(nextParameters, frame.JPEG)},
		{http.MethodGet, "/cameras/{id}/next.raw", auth.Viewer, s.next(rawParameters, frame.BGR)},
		{http.MethodGet, "/api/live", auth.Viewer, http.HandlerFunc(s.watchLive)},
		{http.MethodGet, "/api/cameras", auth.Viewer, http.HandlerFunc(s.listCameras)},
		{http.MethodGet, "/api/cameras/{id}", auth.Viewer, http.HandlerFunc(s.showCamera)},
		{http.MethodGet, "/api/cameras/{id}/history", auth.Viewer, http.HandlerFunc(s.showHistory)},

		{http.MethodGet, "/sign-in", auth.Anybody, http.HandlerFunc(s.showSignIn)},
		{http.MethodPost, "/sign-in", auth.Anybody, s.form(s.signIn)},
		{http.MethodPost, "/sign-out", auth.Anybody, s.form(s.signOut)},
		{http.MethodGet, "/account", auth.Viewer, http.HandlerFunc(s.account)},
		{http.MethodPost, "/account/sessions/{session}/end", auth.Viewer, s.form(s.endSession)},
		{http.MethodPost, "/account/password", auth.Viewer, s.form(s.changePassword)},
		{http.MethodPut, "/api/password", auth.Viewer, change(s.setPassword)},
		{http.MethodGet, "/api/sessions", auth.Viewer, http.HandlerFunc(s.listSessions)},
		{http.MethodDelete, "/api/sessions/{session}", auth.Viewer, http.HandlerFunc(s.deleteSession)},

		{http.MethodGet, "/api/hardware", auth.Admin, http.HandlerFunc(s.showHardware)},
		{http.MethodGet, "/api/config", auth.Admin, http.HandlerFunc(s.showConfiguration)},
		{http.MethodGet, "/metrics", auth.Admin, s.metrics()},
		{http.MethodPost, "/api/cameras", auth.Admin, edit(s.addCamera)},
		{http.MethodPut, "/api/cameras/{id}", auth.Admin, edit(s.replaceCamera)},
		{http.MethodPatch, "/api/cameras/{id}", auth.Admin, edit(s.changeCamera)},
		{http.MethodDelete, "/api/cameras/{id}", auth.Admin, edit(s.removeCamera)},

		{http.MethodPost, "/api/probe", auth.Admin, edit(s.probeNew)},
		{http.MethodPost, "/api/cameras/{id}/probe", auth.Admin, edit(s.probeChanged)},
		{http.MethodPost, "/api/discover", auth.Admin, edit(s.discover)},
		{http.MethodPost, "/api/discover/streams", auth.Admin, edit(s.discoverStreams)},
		{http.MethodGet, "/setup", auth.Admin, http.HandlerFunc(s.showSetup)},
		{http.MethodGet, "/setup/add", auth.Admin, http.HandlerFunc(s.showNewCamera)},
		{http.MethodGet, "/setup/cameras/{id}", auth.Admin, http.HandlerFunc(s.showSetCamera)},
		{http.MethodGet, "/setup/users", auth.Admin, http.HandlerFunc(s.showUsers)},
		{http.MethodGet, "/setup/links", auth.Admin, http.HandlerFunc(s.showLinks)},
		{http.MethodGet, "/setup/hardware", auth.Admin, http.HandlerFunc(s.showSetupHardware)},
		{http.MethodGet, "/setup/configuration", auth.Admin, http.HandlerFunc(s.showSetupConfiguration)},
		{http.MethodGet, "/api/users", auth.Admin, http.HandlerFunc(s.listUsers)},
		{http.MethodPut, "/api/users/{user}", auth.Admin, edit(s.putUser)},
		{http.MethodDelete, "/api/users/{user}", auth.Admin, edit(s.deleteUser)},

		{http.MethodPost, "/api/links", auth.Admin, change(s.makeLink)},
		{http.MethodPost, "/api/links/revoke", auth.Admin, change(s.revokeLink)},
		{http.MethodGet, "/api/links/keys", auth.Admin, http.HandlerFunc(s.showLinkKeys)},
		{http.MethodPost, "/api/links/keys/rotate", auth.Admin, change(s.rotateLinkKeys)},
		{http.MethodDelete, "/api/links/keys/{key}", auth.Admin, change(s.revokeLinkKey)},
	}
	for extension, format := range snapshotFormats {
		routes = append(routes, route{http.MethodGet, "/cameras/{id}/snapshot." + extension, auth.Viewer, s.snapshot(format)})
	}
	return routes
}
