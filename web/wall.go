package web

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/registry"
	"github.com/framegate/framegate/web/auth"
)

// wall serves GET /: all cameras.
func (s *server) wall(w http.ResponseWriter, r *http.Request) {
	p := auth.Of(r.Context())
	var configuration Configuration
	if p.Role >= auth.Admin {
		configuration = s.Configuration()
	}
	settings := s.wallFor(p)
	groups, err := json.Marshal(settings.Groups)
	if err != nil {
		groups = []byte("[]") // texts can always be written
	}
	s.page(w, r, "wall.html", map[string]any{
		"Cameras": s.camerasOf(p), "New": registry.Status{}, "Streams": wallStreams(r), "Wall": settings, "Groups": string(groups), "Cycles": cycles,
		"Configuration": configuration, "Admin": p.Role >= auth.Admin,
	})
}

// cycles are the times that the wall offers for cycling, in seconds.
var cycles = []int{5, 10, 30, 60}

// wallStreams is the largest number of cameras that the wall shows as streams instead of snapshots. A browser opens at most six
// connections to an HTTP/1.1 server, and each stream takes one. Over HTTP/2 they share a connection, on which net/http allows 250
// requests at a time.
func wallStreams(r *http.Request) int {
	if r.ProtoMajor >= 2 {
		return 200
	}
	return 4
}

// wallSettings are what the configuration says of the wall.
type wallSettings struct {
	FPS    float64     `json:"fps"` // of each camera at most; 0 is the camera's own rate
	Groups []wallGroup `json:"groups"`
}

// wallGroup is a group of cameras.
type wallGroup struct {
	Name    string   `json:"name"`
	Cameras []string `json:"cameras"` // ids
}

// wallFor returns the settings for a principal, whose groups have only cameras that the principal may see. Others are left out.
func (s *server) wallFor(p auth.Principal) wallSettings {
	return wallOf(s.config.Load(), p)
}

func wallOf(config *configs.Config, p auth.Principal) wallSettings {
	settings := wallSettings{FPS: config.WallFPS, Groups: []wallGroup{}}
	for _, group := range config.Groups {
		seen := slices.DeleteFunc(slices.Clone(group.IDs), func(id string) bool { return !p.Sees(id) })
		if len(seen) > 0 {
			settings.Groups = append(settings.Groups, wallGroup{group.Name, seen})
		}
	}
	return settings
}
