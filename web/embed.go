package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/framegate/framegate/web/auth"

	"github.com/go-chi/chi/v5"
)

// fits are the values of the parameter fit, of CSS's object-fit.
var fits = []string{"contain", "cover", "fill", "none", "scale-down"}

// embed serves GET /embed/{id}: the picture of a camera and nothing else, for frames. Its parameters are those of a stream, and fit.
func (s *server) embed(w http.ResponseWriter, r *http.Request) {
	id := chi.URLParam(r, "id")
	status, err := s.Cameras.Camera(id)
	if err != nil {
		refuse(w, r, id, err)
		return
	}
	if _, bad := parse(r.URL.RawQuery, streamParameters); bad != nil {
		bad.write(w)
		return
	}
	query := r.URL.Query()
	fit := query.Get("fit")
	if fit == "" {
		fit = fits[0]
	}
	if !slices.Contains(fits, fit) {
		problem{Status: http.StatusBadRequest, Detail: "fit must be one of " + strings.Join(fits, ", "), Parameter: "fit"}.write(w)
		return
	}
	query.Del("fit")
	query.Del(languageParameter)
	if original, ok := r.Context().Value(originalKey{}).(*http.Request); ok && auth.Of(r.Context()).Kind == auth.Token {
		if token := original.URL.Query().Get("token"); token != "" { // the requests of the page need it too
			query.Set("token", token)
		}
	}
	source := url.URL{Path: root(r) + "cameras/" + id + "/stream", RawQuery: query.Encode()}
	s.page(w, r, "embed.html", map[string]any{"Camera": redacted(auth.Of(r.Context()), status), "Fit": fit, "Source": source.String()})
}
