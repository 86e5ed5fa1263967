package web

import (
	"net/http"
	"slices"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/registry"

	"github.com/go-chi/chi/v5"
)

// setupPage answers with a page of the set-up. It adds to the values what these pages need.
func (s *server) setupPage(w http.ResponseWriter, r *http.Request, name string, values map[string]any) {
	if refused := s.fixed(); refused != nil {
		values["Fixed"] = sentence(refused.Detail)
	}
	values["File"] = s.Configuration().File
	s.page(w, r, name, values)
}

// showSetup serves GET /setup: the list of cameras.
func (s *server) showSetup(w http.ResponseWriter, r *http.Request) {
	s.setupPage(w, r, "setup.html", map[string]any{"Title": "Cameras", "Cameras": s.Cameras.Cameras()})
}

// showNewCamera serves GET /setup/add.
func (s *server) showNewCamera(w http.ResponseWriter, r *http.Request) {
	s.showCameraForm(w, r, "Add a camera", configs.NewCamera(s.config.Load().Defaults), false)
}

// showSetCamera serves GET /setup/cameras/{id}.
func (s *server) showSetCamera(w http.ResponseWriter, r *http.Request) {
	id := chi.URLParam(r, "id")
	cameras := s.config.Load().Cameras
	i := slices.IndexFunc(cameras, func(c configs.Camera) bool { return c.ID == id })
	if i < 0 {
		refuse(w, r, id, registry.ErrUnknown)
		return
	}
	s.showCameraForm(w, r, cameras[i].Name, cameras[i], true)
}

// showCameraForm shows the form with the keys of a camera. It has no password, and no URL with one.
func (s *server) showCameraForm(w http.ResponseWriter, r *http.Request, title string, camera configs.Camera, exists bool) {
	address, username, inURL := "", camera.Username, false
	if camera.URL != "" {
		address, username = camera.Source.String(), camera.Source.Username
		inURL = camera.Username == "" && username != ""
	}
	substream := ""
	if camera.Sub != nil {
		substream = camera.Sub.String()
	}
	s.setupPage(w, r, "setup-camera.html", map[string]any{
		"Title": title, "Camera": camera, "Exists": exists, "Address": address, "Substream": substream,
		"Username": username, "InURL": inURL, "Vendors": configs.Vendors(),
		"Transports": []string{string(configs.TCP), string(configs.UDP), string(configs.Auto)}, "Transport": string(camera.Transport),
		"Defaults": s.config.Load().Defaults, "Degrees": []int{0, 90, 180, 270},
	})
}
