package sessions

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/framegate/framegate/internal/state"
)

// file is the name of the file of sessions in the state directory. It has only the hashes of tokens, so nobody who reads it can use a
// session.
const file = "sessions.json"

// saveInterval is the time between two writes if no session begins or ends. After a crash, sessions count as unused since the last write.
const saveInterval = time.Hour

// content is the content of the file.
type content struct {
	Sessions []*session `json:"sessions"`
}

// load reads the file. If there is none, or it cannot be read, there are no sessions, and everybody signs in again. mu is held.
func (s *Sessions) load() {
	s.saved = s.now()
	text, err := state.ReadFile(file)
	var before content
	if err == nil {
		err = json.Unmarshal(text, &before)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		s.log.Warn("sessions of the last run are lost: everybody signs in again", "error", err)
		return
	}
	for _, one := range before.Sessions {
		if one != nil && len(one.Token) == hashLength && !one.Since.After(s.now()) {
			s.sessions[one.Token] = one
		}
	}
	s.boundTo(maxInAll, func(*session) bool { return true })
}

// save writes the file. saving is held.
func (s *Sessions) save() {
	s.mu.Lock()
	s.saved = s.now()
	s.remove(func(one *session) bool { return !s.saved.Before(one.until()) })
	var now content
	for _, one := range s.sessions {
		now.Sessions = append(now.Sessions, one)
	}
	text, err := json.Marshal(now)
	s.mu.Unlock()
	if err == nil {
		err = state.WriteFile(file, text)
	}
	if err != nil {
		s.log.Warn("sessions are not saved: they end with this run", "error", fmt.Errorf("write %s: %w", file, err))
	}
}
