package web

import (
	"net/http"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry"
	"github.com/framegate/framegate/web/auth"

	"github.com/go-chi/chi/v5"
)

// history is what the API says about what a camera did lately.
type history struct {
	registry.History
	Events []event `json:"events"`
}

// event is an event with a sentence for people.
type event struct {
	registry.Event
	Text string `json:"text"`
}

// showHistory serves GET /api/cameras/{id}/history.
func (s *server) showHistory(w http.ResponseWriter, r *http.Request) {
	id := chi.URLParam(r, "id")
	found, err := s.Cameras.History(id)
	if err != nil {
		refuse(w, r, id, err)
		return
	}
	isAdmin := auth.Of(r.Context()).Role >= auth.Admin
	h := history{History: found, Events: []event{}}
	for i := range h.Samples {
		if !isAdmin {
			h.Samples[i].Processor = nil
		}
	}
	for _, e := range found.Events {
		if !isAdmin && e.Kind == registry.StateChanged {
			e.Error = publicError(e.Error, string(e.Reason))
		}
		h.Events = append(h.Events, event{e, textOf(e)})
	}
	writeJSON(w, http.StatusOK, h)
}

// textOf says in a sentence what happened.
func textOf(e registry.Event) string {
	switch e.Kind {
	case registry.PlanChosen:
		return "Pictures are made by " + e.Plan + "."
	case registry.PlanFailed:
		return "Making pictures by " + e.Plan + " failed: " + e.Error
	}
	if text, ok := textOfReason[e.Reason]; ok {
		return text
	}
	return textOfState[e.State]
}

var textOfState = map[registry.State]string{
	registry.Idle:         "The camera is disconnected, because nobody watches.",
	registry.Ready:        "The camera sends pictures.",
	registry.Waiting:      "The camera is connected, but there is no picture yet.",
	registry.Stalled:      "The camera is connected, but sends nothing any more.",
	registry.Unauthorized: "The camera refuses the user name or the password.",
	registry.Suspended:    "The camera is left alone for some minutes, because framegate takes too much memory.",
	registry.Lost:         "The connection to the camera is lost.",
	registry.Disabled:     "The configuration disables the camera.",
}

var textOfReason = map[frame.Reason]string{
	frame.Unauthorized: "The camera refuses the user name or the password.",
	frame.NotFound:     "There is no such stream, file or device.",
	frame.Unreachable:  "The camera cannot be reached.",
	frame.TimedOut:     "The camera does not send a picture in time.",
	frame.NoKeyframe:   "The camera sends, but nothing with which a picture can begin.",
	frame.Stalled:      "The camera is connected, but sends nothing any more.",
	frame.NoVideo:      "The camera answers, but sends no video.",
	frame.Unsupported:  "The camera sends video that this machine cannot decode.",
	frame.Ended:        "The camera has ended the connection.",
	frame.Refused:      "The camera refuses to send.",
	frame.Memory:       "The camera is left alone for some minutes, because framegate takes too much memory.",
}
