package web

import (
	"net/http"
	"slices"
	"time"
)

// Configuration is the state of the configuration, in the API's JSON.
type Configuration struct {
	File     string    `json:"file"`      // empty for the demo
	LoadedAt time.Time `json:"loaded_at"` // when the configuration in effect was read
	Faults   []Fault   `json:"faults"`    // why the current file is not in effect; empty if it is
	Restart  []string  `json:"restart"`   // keys whose new value takes effect at the next start
	Loads    int       `json:"loads"`     // configurations that were applied
	Failures int       `json:"failures"`  // configurations that were refused
}

// Fault is one thing that is wrong with the file.
type Fault struct {
	Line    int    `json:"line"` // from 1; 0 if the file cannot be read
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// OK reports whether the current file is in effect.
func (c Configuration) OK() bool { return len(c.Faults) == 0 }

// equal reports whether two states are the same.
func (c Configuration) equal(other Configuration) bool {
	return c.File == other.File && c.LoadedAt.Equal(other.LoadedAt) && c.Loads == other.Loads && c.Failures == other.Failures &&
		slices.Equal(c.Faults, other.Faults) && slices.Equal(c.Restart, other.Restart)
}

// showConfiguration serves GET /api/config.
func (s *server) showConfiguration(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.configuration())
}

// configuration returns the state of the configuration without null in its JSON.
func (s *server) configuration() Configuration {
	now := s.Configuration()
	if now.Faults == nil {
		now.Faults = []Fault{}
	}
	if now.Restart == nil {
		now.Restart = []string{}
	}
	return now
}
