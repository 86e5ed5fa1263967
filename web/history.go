package web

import (
	"net/http"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry"
	"github.com/framegate/framegate/web/auth"
	"github.com/framegate/framegate/web/texts"

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
		return texts.English.Text("event.plan", "plan", e.Plan)
	case registry.PlanFailed:
		return texts.English.Text("event.plan_failed", "plan", e.Plan, "error", e.Error)
	}
	if e.Reason != "" && e.Reason != frame.Failed {
		return texts.English.Text("reason." + string(e.Reason))
	}
	return texts.English.Text("event." + string(e.State))
}
