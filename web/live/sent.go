package live

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// sentStates remembers which states of cameras a client has been sent. It belongs to one goroutine.
type sentStates struct {
	client   Client
	ids      []string          // of the list; nil before the first
	versions map[string]uint64 // by camera
	figures  time.Time         // when figures were last sent
	seen     []*cameraState    // of see, for its next call
	late     map[string]bool   // by wanted camera: its newest picture was older than lateness when its state was last sent
	known    *Values           // whose values the client has been sent; nil before the first
	values   map[string]string // JSON, by name
	time     time.Time         // when the time was last sent
}

// lateness is the age of a picture from which on viewers are shown how old it is.
const lateness = time.Second

func newSentStates(client Client) *sentStates {
	return &sentStates{client: client, late: map[string]bool{}, values: map[string]string{}}
}

// update returns the messages for a client whose cameras or values have changed, and from time to time those with the figures of the wanted
// cameras and with the time.
func (s *sentStates) update(now states, wanted []string) []any {
	messages := append(s.changes(now, wanted), s.changedValues()...)
	if at := time.Now(); at.Sub(s.time) >= timePeriod {
		s.time = at
		messages = append(messages, timeMessage{at.UnixMicro()})
	}
	return messages
}

// changedValues returns the messages about values that the client does not have.
func (s *sentStates) changedValues() (messages []any) {
	if s.client.Values == nil {
		return nil
	}
	known := s.client.Values()
	if known == s.known {
		return nil
	}
	s.known = known
	now := map[string]any{}
	for name := range s.values {
		now[name] = nil
	}
	maps.Copy(now, *known)
	for _, name := range slices.Sorted(maps.Keys(now)) {
		text, err := json.Marshal(now[name])
		if before, sent := s.values[name]; err == nil && (!sent || before != string(text)) {
			s.values[name] = string(text)
			messages = append(messages, map[string]json.RawMessage{name: text})
		}
	}
	return messages
}

// changes returns the messages about cameras.
func (s *sentStates) changes(now states, wanted []string) (messages []any) {
	seen := s.see(now)
	if s.versions == nil || !slices.EqualFunc(seen, s.ids, func(e *cameraState, id string) bool { return e.status.ID == id }) {
		list := camerasMessage{Cameras: []any{}}
		s.ids, s.versions = nil, map[string]uint64{}
		for _, e := range seen {
			list.Cameras = append(list.Cameras, s.client.Visible(e.status))
			s.ids, s.versions[e.status.ID] = append(s.ids, e.status.ID), e.version
		}
		return []any{list}
	}
	due := len(wanted) > 0 && time.Since(s.figures) >= figuresPeriod
	if due {
		s.figures = time.Now()
	}
	for _, e := range seen {
		isWanted := slices.Contains(wanted, e.status.ID)
		late := isWanted && e.status.LastFrameAt != nil && time.Since(*e.status.LastFrameAt) > lateness
		if s.versions[e.status.ID] != e.version || isWanted && (due || late != s.late[e.status.ID]) {
			s.late[e.status.ID] = late
			messages = append(messages, cameraMessage{s.client.Visible(e.status)})
			s.versions[e.status.ID] = e.version
		}
	}
	return messages
}

// see returns the states of the cameras that the client may know of, until the next call.
func (s *sentStates) see(now states) []*cameraState {
	s.seen = s.seen[:0]
	for i := range now.cameras {
		if e := &now.cameras[i]; s.client.Sees(e.status.ID) {
			s.seen = append(s.seen, e)
		}
	}
	return s.seen
}
