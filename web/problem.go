package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry"
	"github.com/framegate/framegate/web/auth"
)

// problem is an error answer as in RFC 9457.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Parameter is the wrong query parameter or key of a camera, in a 400.
	Parameter string `json:"parameter,omitempty"`
	// Camera is the ID of the camera that the request was for, and Reason is why it sends no pictures.
	Camera string       `json:"camera,omitempty"`
	Reason frame.Reason `json:"reason,omitempty"`

	retryAfter int // seconds
}

// complete returns the problem as it is sent.
func (p problem) complete() problem {
	p.Title = http.StatusText(p.Status)
	p.Detail, p.Camera = clip(p.Detail), clip(p.Camera)
	return p
}

func (p problem) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p.complete())
}

// maxText limits the bytes of a text in an answer: it may quote the request, which may be long.
const maxText = 2000

// clip shortens a text that is too long.
func clip(text string) string {
	if len(text) <= maxText {
		return text
	}
	return strings.ToValidUTF8(text[:maxText], "") + "…"
}

// retryAfter is the pause after which viewers should try again, in seconds.
const retryAfter = 5

// refuse answers a request for a picture with the error that the registry returned.
func refuse(w http.ResponseWriter, r *http.Request, id string, err error) {
	problemOf(auth.Of(r.Context()), id, err).write(w)
}

// problemOf describes an error of the registry to a principal. Only an admin sees its message, which contains the camera's address.
func problemOf(principal auth.Principal, id string, err error) problem {
	p := problem{Status: http.StatusServiceUnavailable, Detail: err.Error(), Camera: id, retryAfter: retryAfter}
	var tooMany *registry.TooManyError
	switch {
	case errors.As(err, &tooMany), errors.Is(err, registry.ErrPixels):
		p.Status = http.StatusTooManyRequests
	case errors.Is(err, registry.ErrUnknown), errors.Is(err, registry.ErrRemoved):
		p = problem{Status: http.StatusNotFound, Detail: err.Error(), Camera: id}
	case errors.Is(err, registry.ErrDisabled), errors.Is(err, registry.ErrClosing), errors.Is(err, registry.ErrFull):
	default:
		p.Reason = frame.ReasonOf(err)
		if principal.Role < auth.Admin {
			p.Detail = publicError(p.Detail, string(p.Reason))
		}
	}
	return p
}

// notSeen is the answer to a principal who may not see a camera.
func notSeen(id string) problem {
	return problem{Status: http.StatusForbidden, Detail: "you may not see the camera " + id}
}
