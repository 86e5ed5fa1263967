package web

import (
	"html"
	"net/http"

	"github.com/framegate/framegate/registry"
	"github.com/framegate/framegate/web/auth"

	"github.com/go-chi/chi/v5"
)

// camera serves GET /cameras/{id}: one camera, what it sends and how to embed it.
func (s *server) camera(w http.ResponseWriter, r *http.Request) {
	id := chi.URLParam(r, "id")
	status, err := s.Cameras.Camera(id)
	if err != nil {
		refuse(w, r, id, err)
		return
	}
	p := auth.Of(r.Context())
	s.page(w, r, "camera.html", map[string]any{
		"Camera": redacted(p, status), "Origin": s.origin(r), "Parameters": streamParameters,
		"Admin": p.Role >= auth.Admin, "Widths": widthsOf(status), "Plots": plots, "Snippets": snippetsOf(status, s.pageVisitor(r)),
	})
}

// widthsOf returns the widths of pictures that the page of a camera offers.
func widthsOf(camera registry.Status) (all []int) {
	for _, width := range []int{320, 640, 960, 1280, 1920, 2560, 3840} {
		if camera.Width == 0 || width < camera.Width {
			all = append(all, width)
		}
	}
	if camera.Width > 0 {
		all = append(all, camera.Width)
	}
	return all
}

// plots are the figures that the page of a camera draws.
var plots = []string{"fps", "latency", "bytes", "processor"}

// snippet is a text to be copied from the page of a camera.
type snippet struct {
	Name  string // for what it is
	What  string // it needs there; may be empty
	Lines []snippetLine
}

// snippetLine is a part of a snippet with a URL.
type snippetLine struct{ Before, Path, After string }

// snippetsOf returns how other programs show a camera.
func snippetsOf(camera registry.Status, visitor pageVisitor) []snippet {
	path := "cameras/" + camera.ID
	curl := "curl -o " + camera.ID + ".jpg '"
	if visitor.SignedIn {
		curl = "curl -u " + visitor.Name + " -o " + camera.ID + ".jpg '"
	}
	return []snippet{
		{"html", "", []snippetLine{{`<img src="`, path + "/stream", `" alt="` + html.EscapeString(camera.Name) + `">`}}},
		{"shell", "", []snippetLine{{curl, path + "/snapshot.jpg", "'"}}},
		{"python", "clients/python/framegate.py", []snippetLine{{
			"from framegate import Camera\n\nwith Camera(\"", path, "\", format=\"bgr\") as camera:\n    for frame in camera:\n        print(frame.timestamp, frame.array.shape)",
		}}},
		{"home-assistant", "MJPEG IP Camera", []snippetLine{
			{"MJPEG URL: ", path + "/stream", "\n"},
			{"Still Image URL: ", path + "/snapshot.jpg", ""},
		}},
	}
}
