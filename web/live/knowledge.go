package live

import (
	"slices"
	"time"
)

// knowledge is what a client has been told of the cameras. It belongs to one goroutine.
type knowledge struct {
	client   Client
	ids      []string          // of the list; nil before the first
	versions map[string]uint64 // by camera
	figures  time.Time         // when figures were last sent
}

// update returns the messages that tell the client what is new, and the figures of the wanted cameras from time to time.
func (k *knowledge) update(now board, wanted []string) (messages []any) {
	var seen []entry
	var ids []string
	for _, e := range now.cameras {
		if k.client.Sees(e.status.ID) {
			seen, ids = append(seen, e), append(ids, e.status.ID)
		}
	}
	if k.versions == nil || !slices.Equal(ids, k.ids) {
		list := camerasMessage{Cameras: []any{}}
		k.ids, k.versions = ids, map[string]uint64{}
		for _, e := range seen {
			list.Cameras = append(list.Cameras, k.client.Visible(e.status))
			k.versions[e.status.ID] = e.version
		}
		return []any{list}
	}
	due := len(wanted) > 0 && time.Since(k.figures) >= figuresPeriod
	if due {
		k.figures = time.Now()
	}
	for _, e := range seen {
		if k.versions[e.status.ID] != e.version || due && slices.Contains(wanted, e.status.ID) {
			messages = append(messages, cameraMessage{k.client.Visible(e.status)})
			k.versions[e.status.ID] = e.version
		}
	}
	return messages
}
