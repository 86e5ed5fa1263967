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
	late     map[string]bool   // by wanted camera: its newest picture was older than lateness when its state was last sent
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
	now := s.client.Values()
	for name := range s.values {
		if _, ok := now[name]; !ok {
			now[name] = nil
		}
	}
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
	var seen []cameraState
	var ids []string
	for _, e := range now.cameras {
		if s.client.Sees(e.status.ID) {
			seen, ids = append(seen, e), append(ids, e.status.ID)
		}
	}
	if s.versions == nil || !slices.Equal(ids, s.ids) {
		list := camerasMessage{Cameras: []any{}}
		s.ids, s.versions = ids, map[string]uint64{}
		for _, e := range seen {
			list.Cameras = append(list.Cameras, s.client.Visible(e.status))
			s.versions[e.status.ID] = e.version
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
