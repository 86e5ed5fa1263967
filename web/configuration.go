package web

import (
	"net/http"
	"time"
)

// Configuration is where the cameras come from, as the API tells it.
type Configuration struct {
	File     string    `json:"file"`      // empty for the demo
	LoadedAt time.Time `json:"loaded_at"` // when what is served was read
	Faults   []Fault   `json:"faults"`    // why what the file has become since is not served; none where it is
	Restart  []string  `json:"restart"`   // keys whose new value waits for the next start
	Loads    int       `json:"loads"`     // how often a configuration was applied
	Failures int       `json:"failures"`  // how often one was refused
}

// Fault is one thing that is wrong with the file.
type Fault struct {
	Line    int    `json:"line"` // from 1; 0 where the file cannot be read
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// OK reports whether the file is what is served.
func (c Configuration) OK() bool { return len(c.Faults) == 0 }

// showConfiguration serves GET /api/config.
func (s *server) showConfiguration(w http.ResponseWriter, _ *http.Request) {
	now := s.Configuration()
	if now.Faults == nil {
		now.Faults = []Fault{}
	}
	if now.Restart == nil {
		now.Restart = []string{}
	}
	writeJSON(w, http.StatusOK, now)
}
