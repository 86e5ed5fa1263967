package web

import (
	"net/http"

	"github.com/framegate/framegate/registry"
	"github.com/framegate/framegate/web/auth"
)

// exists reports whether GET would be answered with a picture of a camera, as far as this is known without making one. If not, it
// answers the request. HEAD connects no camera, and does not count as a viewer or a rendition.
func (s *server) exists(w http.ResponseWriter, r *http.Request, id string) bool {
	return s.hasPicture(w, r, id, true)
}

// live is like exists, but a placeholder does not count as a picture.
func (s *server) live(w http.ResponseWriter, r *http.Request, id string) bool {
	return s.hasPicture(w, r, id, false)
}

// hasPicture implements exists and live. placeholders says whether a placeholder counts as a picture.
func (s *server) hasPicture(w http.ResponseWriter, r *http.Request, id string, placeholders bool) bool {
	status, err := s.Cameras.Camera(id)
	switch {
	case err != nil:
		refuse(w, r, id, err)
	case status.State == registry.Disabled:
		refuse(w, r, id, registry.ErrDisabled)
	case status.Error != "" && (!placeholders || status.Width == 0 || !s.hasPlaceholder(id)):
		status = redacted(auth.Of(r.Context()), status)
		problem{Status: http.StatusServiceUnavailable, Detail: status.Error, Camera: id, Reason: status.Reason, retryAfter: retryAfter}.write(w)
	default:
		return true
	}
	return false
}

// hasPlaceholder reports whether a camera is configured to show a placeholder while it is away.
func (s *server) hasPlaceholder(id string) bool {
	for _, camera := range s.config.Load().Cameras {
		if camera.ID == id {
			return camera.Placeholder
		}
	}
	return true
}
