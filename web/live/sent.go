package live

import (
	"slices"
	"time"
)

// sentStates remembers which states of cameras a client has been sent. It belongs to one goroutine.
type sentStates struct {
	client   Client
	ids      []string          // of the list; nil before the first
	versions map[string]uint64 // by camera
	figures  time.Time         // when figures were last sent
	last     time.Time         // when update last returned a message
}

// update returns the messages for a client whose cameras have changed, and from time to time those with the figures of the wanted cameras.
// If there has been no message for timePeriod, it returns one with the time.
func (s *sentStates) update(now states, wanted []string) []any {
	messages := s.changes(now, wanted)
	at := time.Now()
	if len(messages) == 0 && at.Sub(s.last) >= timePeriod {
		messages = []any{timeMessage{at.UnixMicro()}}
	}
	if len(messages) > 0 {
		s.last = at
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
		if s.versions[e.status.ID] != e.version || due && slices.Contains(wanted, e.status.ID) {
			messages = append(messages, cameraMessage{s.client.Visible(e.status)})
			s.versions[e.status.ID] = e.version
		}
	}
	return messages
}
