package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/framegate/framegate/web/auth"
	"github.com/framegate/framegate/web/auth/links"

	"github.com/go-chi/chi/v5"
)

// linkRequest is the body of POST /api/links.
type linkRequest struct {
	Path   string `json:"path"`   // of a picture, with its query
	For    string `json:"for"`    // how long the link is valid, such as 36h or 30d
	Any    bool   `json:"any"`    // the link is for all pictures of the camera
	Client string `json:"client"` // address of the only client that may use the link; empty for any
}

// makeLink serves POST /api/links.
func (s *server) makeLink(w http.ResponseWriter, r *http.Request) {
	var asked linkRequest
	if bad := readObject(r, &asked, `{"path": "/cameras/gate/stream", "for": "24h", "any": false, "client": ""}`); bad != nil {
		bad.write(w)
		return
	}
	request := links.Request{URL: asked.Path, For: asked.For, Any: asked.Any, Client: asked.Client}
	checked, err := request.Check()
	if err == nil && !strings.HasPrefix(asked.Path, "/cameras/") {
		err = &links.RequestError{Parameter: "path", Text: "the path must begin with /cameras/"}
	}
	if err == nil {
		if bad := CheckPicture(asked.Path); bad != nil {
			err = &links.RequestError{Parameter: "path", Text: bad.Error()}
		}
	}
	if err == nil {
		if !auth.Of(r.Context()).Sees(checked.Camera) {
			notSeen(checked.Camera).write(w)
			return
		}
		if _, unknown := s.Cameras.Camera(checked.Camera); unknown != nil {
			refuse(w, r, checked.Camera, unknown)
			return
		}
	}
	var signed links.Signed
	if err == nil {
		signed, err = s.links.Sign(request)
	}
	if err != nil {
		s.refuseLink(w, err)
		return
	}
	s.audit(r, "link made", "for", asked.Path, "any", asked.Any, "client", asked.Client, "until", signed.Expires, "key", signed.Key)
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusCreated, map[string]any{"url": s.prefix(r) + signed.URL, "expires": signed.Expires})
}

// revokeLink serves POST /api/links/revoke: it ends one link before its time.
func (s *server) revokeLink(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		URL string `json:"url"`
	}
	if bad := readObject(r, &asked, `{"url": "/cameras/gate/stream?expires=…&key=…&signature=…"}`); bad != nil {
		bad.write(w)
		return
	}
	revoked, err := s.links.RevokeLink(asked.URL)
	if err != nil {
		s.refuseLink(w, err)
		return
	}
	s.audit(r, "link revoked", "camera", revoked.Camera, "until", revoked.Expires, "key", revoked.Key)
	w.WriteHeader(http.StatusNoContent)
}

// showLinkKeys serves GET /api/links/keys.
func (s *server) showLinkKeys(w http.ResponseWriter, _ *http.Request) {
	keys, err := s.links.Keys()
	if err != nil {
		s.refuseLink(w, err)
		return
	}
	writeJSON(w, http.StatusOK, keys)
}

// rotateLinkKeys serves POST /api/links/keys/rotate.
func (s *server) rotateLinkKeys(w http.ResponseWriter, r *http.Request) {
	key, err := s.links.Rotate()
	if err != nil {
		s.refuseLink(w, err)
		return
	}
	s.audit(r, "link key rotated", "key", key.ID)
	writeJSON(w, http.StatusCreated, key)
}

// revokeLinkKey serves DELETE /api/links/keys/{key}.
func (s *server) revokeLinkKey(w http.ResponseWriter, r *http.Request) {
	id := chi.URLParam(r, "key")
	if err := s.links.Revoke(id); err != nil {
		s.refuseLink(w, err)
		return
	}
	s.audit(r, "link key revoked", "key", id)
	w.WriteHeader(http.StatusNoContent)
}

// refuseLink answers a request for a link, or for the keys of links, with an error.
func (s *server) refuseLink(w http.ResponseWriter, err error) {
	var request *links.RequestError
	p := problem{Detail: err.Error()}
	switch {
	case errors.As(err, &request):
		p.Status, p.Parameter = http.StatusBadRequest, request.Parameter
	case errors.Is(err, links.ErrUnknown), errors.Is(err, links.ErrRevoked):
		p.Status = http.StatusNotFound
	case errors.Is(err, links.ErrConfigured), errors.Is(err, links.ErrFull):
		p.Status = http.StatusConflict
	default:
		p.Status = http.StatusInternalServerError
		s.Log.Error("the keys of links cannot be used", "error", err)
	}
	p.write(w)
}

// audit logs what the principal of a request did.
func (s *server) audit(r *http.Request, what string, args ...any) {
	p := auth.Of(r.Context())
	who := p.Name
	if who == "" {
		who = string(p.Kind)
	}
	s.Log.Info(what, append([]any{"who", who, "from", addressOf(r)}, args...)...)
}
