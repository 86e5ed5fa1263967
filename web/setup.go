package web

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
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
	s.setupPage(w, r, "setup.html", map[string]any{"Title": language(r).Text("setup.cameras"), "Cameras": s.Cameras.Cameras()})
}

// showNewCamera serves GET /setup/add.
func (s *server) showNewCamera(w http.ResponseWriter, r *http.Request) {
	s.showCameraForm(w, r, language(r).Text("setup.add"), configs.NewCamera(s.config.Load().Defaults), false)
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
	masks := []map[string]float64{}
	for _, m := range camera.Masks {
		masks = append(masks, map[string]float64{"x": m.X, "y": m.Y, "width": m.Width, "height": m.Height})
	}
	text, err := json.Marshal(masks)
	if err != nil { // which needs a number that is not finite
		text = []byte("[]")
	}
	s.setupPage(w, r, "setup-camera.html", map[string]any{
		"Masks": string(text), "Corners": []frame.Corner{frame.TopLeft, frame.TopRight, frame.BottomLeft, frame.BottomRight},
		"Title": title, "Camera": camera, "Exists": exists, "Address": address, "Substream": substream,
		"Username": username, "InURL": inURL, "Vendors": configs.Vendors(),
		"Transports": []string{string(configs.TCP), string(configs.UDP), string(configs.Auto)}, "Transport": string(camera.Transport),
		"Defaults": s.config.Load().Defaults, "Degrees": []int{0, 90, 180, 270},
	})
}

// showUsers serves GET /setup/users.
func (s *server) showUsers(w http.ResponseWriter, r *http.Request) {
	s.setupPage(w, r, "setup-users.html", map[string]any{"Title": language(r).Text("setup.users"), "Users": s.usersOf(), "NewUser": apiUser{}})
}

// showLinks serves GET /setup/links.
func (s *server) showLinks(w http.ResponseWriter, r *http.Request) {
	keys, err := s.links.Keys()
	if err != nil {
		s.refuseLink(w, err)
		return
	}
	s.setupPage(w, r, "setup-links.html", map[string]any{"Title": language(r).Text("setup.links"), "Keys": keys, "Cameras": s.Cameras.Cameras()})
}

// hardwareFacts are what the page says of the hardware, as GET /api/hardware has it.
type hardwareFacts struct {
	GStreamer string
	Platforms []struct {
		Title, Status, Reason, Advice, Device string
		Lacks                                 []string
	}
	Plans []struct {
		Plan, Codec, Status, Decoder, Scaler, Encoder, Reason string
		FPS                                                   float64
	}
}

// showSetupHardware serves GET /setup/hardware.
func (s *server) showSetupHardware(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), hardwareTimeout)
	defer cancel()
	values := map[string]any{"Title": language(r).Text("setup.hardware"), "Reads": true, "Hardware": (*hardwareFacts)(nil)}
	if found := s.Hardware(ctx); found != nil {
		text, err := json.Marshal(found)
		facts := &hardwareFacts{}
		if err == nil {
			err = json.Unmarshal(text, facts)
		}
		if err != nil {
			s.Log.Error("the hardware cannot be described", "error", err)
		}
		values["Hardware"] = facts
	}
	s.setupPage(w, r, "setup-hardware.html", values)
}

// showSetupConfiguration serves GET /setup/configuration.
func (s *server) showSetupConfiguration(w http.ResponseWriter, r *http.Request) {
	s.setupPage(w, r, "setup-configuration.html", map[string]any{"Title": language(r).Text("setup.configuration"), "Reads": true, "Configuration": s.Configuration()})
}
