package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry"
	"github.com/framegate/framegate/web/auth"
	"github.com/framegate/framegate/web/live"

	"github.com/coder/websocket"
	"golang.org/x/net/http/httpguts"
)

// watchLive serves GET /api/live, a WebSocket on which a page gets the pictures and the states of any number of cameras.
func (s *server) watchLive(w http.ResponseWriter, r *http.Request) {
	switch {
	case !websocketRequested(r):
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		problem{Status: http.StatusUpgradeRequired, Detail: "this path is a WebSocket, over HTTP/1.1"}.write(w)
		return
	case !s.allowsPage(r):
		problem{
			Status: http.StatusForbidden,
			Detail: "pages of this origin may not watch; cors_origins must list it, and by name, not by *, for users who have signed in",
		}.write(w)
		return
	}
	leave, status := s.liveClients.enter(visitorOf(r), maxLive, maxLiveOfOne)
	if leave == nil {
		detail := fmt.Sprintf("too many WebSockets are open; at most %d, and %d of one user or address, are allowed", maxLive, maxLiveOfOne)
		refused := problem{Status: status, Detail: detail, retryAfter: retryAfter}
		s.logRefusal(r, "", &refused)
		refused.write(w)
		return
	}
	socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true}) // the origin has been checked
	if err != nil {
		leave()
		return // it has answered
	}
	limitSharedQueue(r)
	// The connection outlives this handler.
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(r.Context()))
	r = r.WithContext(ctx)
	client := s.newLiveClient(r)
	go func() {
		defer leave()
		defer cancel(nil)
		defer s.rights.hold(client.check, cancel)()
		s.sockets.Serve(ctx, socket, live.Client{
			Sees: client.sees, Visible: client.visible, Values: client.values, Watch: client.watch, Problem: client.problem, Last: client.last,
		})
	}()
}

// How many WebSockets may be open, in all and of one visitor. Each may be idle for ever, and outlasts its request.
const (
	maxLive      = 1000
	maxLiveOfOne = 100
)

// websocketRequested reports whether a client asks for a WebSocket, in any version of the protocol.
func websocketRequested(r *http.Request) bool {
	return r.ProtoMajor == 1 && httpguts.HeaderValuesContainsToken(r.Header["Connection"], "upgrade") &&
		httpguts.HeaderValuesContainsToken(r.Header["Upgrade"], "websocket")
}

// allowsPage reports whether the page that asks for a WebSocket may watch as the principal. Browsers send cookies and passwords with a
// WebSocket, which they do not do for scripts of other origins that read the API, so the "*" in cors_origins is not enough for a page of
// another origin to watch as a user.
func (s *server) allowsPage(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	switch kind := auth.Of(r.Context()).Kind; {
	case ownPage(r):
		return true
	case kind == auth.User || kind == auth.Proxy:
		return slices.Contains(s.config.Load().CORSOrigins, origin)
	default:
		return s.allows(r, origin)
	}
}

// ownPage reports whether a request for a WebSocket comes from a page of framegate, or from no page. Browsers let pages of any origin
// open one.
func ownPage(r *http.Request) bool {
	change := *r
	change.Method = http.MethodPost // what may not be changed from elsewhere may not be watched
	return sameOrigin(&change)
}

// liveClient is whoever uses a WebSocket. Any goroutine may call its methods.
type liveClient struct {
	server    *server
	r         *http.Request // with the principal
	renewed   func() (auth.Principal, error)
	principal atomic.Pointer[auth.Principal] // what the client was last found to be allowed

	known   *live.Values // the last result of the method values, which only one goroutine calls; nil before the first call
	knownOf valuesOf
}

func (s *server) newLiveClient(r *http.Request) *liveClient {
	c := &liveClient{server: s, r: r, renewed: s.renewed(r)}
	p := auth.Of(r.Context())
	c.principal.Store(&p)
	return c
}

// valuesOf is what the values of a client are made of.
type valuesOf struct {
	principal     *auth.Principal
	config        *configs.Config
	configuration Configuration // for admins
}

// check finds out what the client may see now.
func (c *liveClient) check() (until time.Time, err error) {
	p, err := c.renewed()
	if err == nil && p.Role < auth.Viewer {
		err = errRightEnded
	}
	if err != nil {
		return time.Time{}, err
	}
	c.principal.Store(&p)
	return p.Until, nil
}

func (c *liveClient) now() auth.Principal { return *c.principal.Load() }

func (c *liveClient) sees(id string) bool { return c.now().Sees(id) }

func (c *liveClient) visible(status registry.Status) any { return redacted(c.now(), status) }

// values returns how the wall is to be, and to admins the configuration's state.
func (c *liveClient) values() *live.Values {
	of := valuesOf{principal: c.principal.Load(), config: c.server.config.Load()}
	isAdmin := of.principal.Role >= auth.Admin
	if isAdmin {
		of.configuration = c.server.configuration()
	}
	if c.known != nil && of.principal == c.knownOf.principal && of.config == c.knownOf.config && of.configuration.equal(c.knownOf.configuration) {
		return c.known
	}
	values := live.Values{"wall": wallOf(of.config, *of.principal)}
	if isAdmin {
		values["configuration"] = of.configuration
	}
	c.known, c.knownOf = &values, of
	return c.known
}

// errRefused is a problem as an error.
type errRefused struct{ problem }

func (e errRefused) Error() string { return e.Detail }

// watch lets the client watch a camera as GET /cameras/{id}/stream does.
func (c *liveClient) watch(ctx context.Context, id, rawQuery string) (view *registry.View, release func(), err error) {
	s := c.server
	if !c.sees(id) {
		return nil, nil, errRefused{notSeen(id)}
	}
	q, bad := parse(rawQuery, streamParameters)
	if bad != nil {
		return nil, nil, errRefused{*bad}
	}
	asker := c.r.WithContext(auth.WithPrincipal(c.r.Context(), c.now())) // whose role may have changed since the handshake
	leave, refused := s.enter(asker, id, q.Request)
	if refused != nil {
		return nil, nil, errRefused{*refused}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	drop := s.rights.hold(s.rightTo(id, c.r), cancel)
	release = func() {
		drop()
		cancel(nil)
		leave()
	}
	if view, err = s.Cameras.Watch(ctx, id, q.Request); err != nil {
		release()
		return nil, nil, err
	}
	return view, release, nil
}

// last returns the picture that says why the right to watch a camera has ended, or nil if that is not what an error means.
func (c *liveClient) last(id string, shown *frame.Frame, err error) *frame.Frame {
	if !errors.Is(err, errRightEnded) && c.sees(id) {
		return nil
	}
	return c.server.lastPicture(id, shown, err)
}

// problem describes why a camera cannot be watched.
func (c *liveClient) problem(id string, err error) any {
	var refused errRefused
	switch {
	case errors.As(err, &refused):
		return refused.problem.complete()
	case errors.Is(err, errRightEnded):
		return notSeen(id).complete()
	}
	return problemOf(c.now(), id, err).complete()
}
