package web

import (
	"errors"
	"io"
	"net/http"

	"github.com/framegate/framegate/configs/edit"
	"github.com/framegate/framegate/registry"

	"github.com/go-chi/chi/v5"
)

// cameraAdded is logged for a new camera.
const cameraAdded = "camera added"

func (s *server) addCamera(w http.ResponseWriter, r *http.Request) {
	keys, err := readKeys(r)
	id := ""
	if err == nil {
		id, err = s.File.Add(keys)
	}
	s.answerChange(w, r, id, cameraAdded, err)
}

func (s *server) replaceCamera(w http.ResponseWriter, r *http.Request) {
	keys, err := readKeys(r)
	id, done := chi.URLParam(r, "id"), "camera replaced"
	if err == nil {
		var created bool
		if created, err = s.File.Replace(id, keys); created {
			done = cameraAdded
		}
	}
	s.answerChange(w, r, id, done, err)
}

func (s *server) changeCamera(w http.ResponseWriter, r *http.Request) {
	keys, err := readKeys(r)
	id := chi.URLParam(r, "id")
	if err == nil {
		err = s.File.Change(id, keys)
	}
	s.answerChange(w, r, id, "camera changed", err)
}

func (s *server) removeCamera(w http.ResponseWriter, r *http.Request) {
	id := chi.URLParam(r, "id")
	if err := s.File.Remove(id); err != nil {
		s.refuseChange(w, id, err)
		return
	}
	s.audit(r, "camera removed", "camera", id)
	w.WriteHeader(http.StatusNoContent)
}

// maxBody is how large the body of a change may be, in bytes.
const maxBody = 64 << 10

func readKeys(r *http.Request) (edit.Keys, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, &bodyError{err}
	}
	return edit.ParseKeys(body)
}

// bodyError is the client's fault: the body of a request did not come, or was too large.
type bodyError struct{ error }

func (e *bodyError) Unwrap() error { return e.error }

// answerChange logs a change with the message done and answers it with the state of the camera. If err is not nil, it answers why the
// change was refused.
func (s *server) answerChange(w http.ResponseWriter, r *http.Request, id, done string, err error) {
	var camera registry.Status
	if err == nil {
		s.audit(r, done, "camera", id)
		camera, err = s.Cameras.Camera(id)
	}
	switch {
	case err != nil:
		s.refuseChange(w, id, err)
	case done == cameraAdded:
		w.Header().Set("Location", s.prefix(r)+"/api/cameras/"+id)
		writeJSON(w, http.StatusCreated, camera)
	default:
		writeJSON(w, http.StatusOK, camera)
	}
}

func (s *server) refuseChange(w http.ResponseWriter, id string, err error) {
	p := problem{Detail: err.Error(), Camera: id}
	var large *http.MaxBytesError
	var body *bodyError
	var keys *edit.KeysError
	var administrator *edit.AdministratorError
	switch {
	case errors.As(err, &large):
		p = problem{Status: http.StatusRequestEntityTooLarge, Detail: "the body is larger than 64 KiB"}
	case errors.As(err, &body):
		w.Header().Set("Connection", "close")
		p = problem{Status: http.StatusRequestTimeout, Detail: "the body of the request did not come"}
	case errors.As(err, &administrator):
		p.Status, p.Parameter = http.StatusForbidden, administrator.Key
	case errors.As(err, &keys):
		p.Status, p.Parameter = http.StatusBadRequest, keys.Key
	case errors.Is(err, edit.ErrNoCamera), errors.Is(err, registry.ErrUnknown):
		p.Status = http.StatusNotFound
	case statusOfChange(err) != 0:
		p.Status = statusOfChange(err)
	case errors.Is(err, registry.ErrClosing):
		p.Status, p.retryAfter = http.StatusServiceUnavailable, retryAfter
	default:
		p.Status = http.StatusInternalServerError
		s.Log.Error("changing the list of cameras failed", "camera", id, "error", err)
	}
	p.write(w)
}

// statusOfChange is the status for an error that says that the configuration file cannot be changed as asked, 0 for other errors.
func statusOfChange(err error) int {
	switch {
	case errors.Is(err, edit.ErrReadOnly):
		return http.StatusForbidden
	case errors.Is(err, edit.ErrExists), errors.Is(err, edit.ErrByHand), errors.Is(err, edit.ErrNotInEffect), errors.Is(err, edit.ErrConflict):
		return http.StatusConflict
	}
	return 0
}
