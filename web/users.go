package web

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/configs/edit"
	"github.com/framegate/framegate/configs/password"
	"github.com/framegate/framegate/web/auth"

	"github.com/go-chi/chi/v5"
)

// apiUser is a user, as the API describes one.
type apiUser struct {
	Name    string   `json:"name"`
	Role    string   `json:"role"`
	Cameras []string `json:"cameras"` // patterns; empty for all
}

// usersOf returns the users of the configuration. The list is not nil.
func (s *server) usersOf() []apiUser {
	list := []apiUser{}
	for _, u := range s.config.Load().Auth.Users {
		list = append(list, apiUser{u.Name, u.Role, append([]string{}, u.Cameras...)})
	}
	return list
}

// listUsers serves GET /api/users.
func (s *server) listUsers(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.usersOf())
}

// userRequest is the body of PUT /api/users/{user}. What is missing stays as it is.
type userRequest struct {
	Role     *string   `json:"role"`
	Cameras  *[]string `json:"cameras"` // empty for all
	Password *string   `json:"password"`
}

// requestedPattern is a pattern that requests may give: only the file itself may name a variable of the environment.
var requestedPattern = regexp.MustCompile(`^[a-z0-9_*?-]{1,64}$`)

// keys returns the keys of the configuration that a request changes. hash returns the hash of a new password.
func (u userRequest) keys(exists bool, hash func(password string) (configs.Secret, error)) (keys edit.Keys, refused *problem) {
	wrong := func(parameter, detail string) *problem {
		return &problem{Status: http.StatusBadRequest, Parameter: parameter, Detail: detail}
	}
	if u.Password == nil && !exists {
		return nil, wrong("password", "a new user needs a password")
	}
	if u.Password != nil {
		if err := password.Check(*u.Password); err != nil {
			return nil, wrong("password", err.Error())
		}
	}
	if u.Role != nil && *u.Role != configs.AdminRole && *u.Role != configs.ViewerRole {
		return nil, wrong("role", "the role must be admin or viewer")
	}
	var patterns []any
	if u.Cameras != nil {
		for _, pattern := range *u.Cameras {
			if !requestedPattern.MatchString(pattern) {
				return nil, wrong("cameras", "each of cameras must be the id of a camera, in which * and ? may stand for characters")
			}
			patterns = append(patterns, pattern)
		}
	}
	if u.Password != nil {
		hashed, err := hash(*u.Password)
		var busy *auth.Error
		switch {
		case errors.As(err, &busy):
			return nil, &problem{Status: busy.Status, Detail: busy.Detail, retryAfter: busy.RetryAfter}
		case err != nil:
			return nil, &problem{Status: http.StatusInternalServerError, Detail: "the password cannot be hashed"}
		}
		keys = append(keys, edit.Key{Name: "password_hash", Value: hashed.Reveal()})
	}
	if u.Role != nil {
		keys = append(keys, edit.Key{Name: "role", Value: *u.Role})
	}
	switch {
	case u.Cameras != nil && len(patterns) > 0:
		keys = append(keys, edit.Key{Name: "cameras", Value: patterns})
	case u.Cameras != nil:
		keys = append(keys, edit.Key{Name: "cameras"})
	}
	return keys, nil
}

// userNamed returns the name in the path of a request. In a path, @ and + may be percent-encoded or not.
func userNamed(r *http.Request) string {
	name := chi.URLParam(r, "user")
	if plain, err := url.PathUnescape(name); err == nil {
		return plain
	}
	return name
}

// putUser serves PUT /api/users/{user}: it adds a user, or changes one.
func (s *server) putUser(w http.ResponseWriter, r *http.Request) {
	name := userNamed(r)
	var asked userRequest
	if bad := readObject(r, &asked, `{"role": "viewer", "cameras": ["gate", "yard-*"], "password": "…"}`); bad != nil {
		bad.write(w)
		return
	}
	if err := configs.CheckUser(name, nil); err != nil {
		problem{Status: http.StatusBadRequest, Parameter: "name", Detail: err.Error()}.write(w)
		return
	}
	if asked.Password != nil && name == userWhoAsks(r) {
		problem{Status: http.StatusConflict, Parameter: "password", Detail: "your own password changes by PUT /api/password, which needs the old one"}.write(w)
		return
	}
	exists := slices.ContainsFunc(s.usersOf(), func(u apiUser) bool { return u.Name == name })
	keys, refused := asked.keys(exists, func(text string) (configs.Secret, error) { return s.users.Hash(r.Context(), text) })
	if refused != nil {
		refused.write(w)
		return
	}
	created, err := s.File.SetUser(name, keys, edit.NeedAdmin)
	if errors.Is(err, edit.ErrNoAdmin) {
		problem{Status: http.StatusConflict, Parameter: "role", Detail: "nobody else is an admin, so this user must be one"}.write(w)
		return
	}
	if err != nil {
		s.refuseUser(w, err)
		return
	}
	status, done := http.StatusOK, "user changed"
	if created {
		status, done = http.StatusCreated, "user added"
	}
	s.audit(r, done, "user", name)
	for _, u := range s.usersOf() {
		if u.Name == name {
			writeJSON(w, status, u)
			return
		}
	}
	problem{Status: http.StatusConflict, Detail: edit.ErrConflict.Error()}.write(w) // somebody has removed the user meanwhile
}

// deleteUser serves DELETE /api/users/{user}.
func (s *server) deleteUser(w http.ResponseWriter, r *http.Request) {
	name := userNamed(r)
	if err := s.File.RemoveUser(name, edit.NeedAdmin); err != nil {
		s.refuseUser(w, err)
		return
	}
	s.audit(r, "user removed", "user", name)
	w.WriteHeader(http.StatusNoContent)
}

// refuseUser answers why a change of the users was refused.
func (s *server) refuseUser(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, edit.ErrNoUser):
		problem{Status: http.StatusNotFound, Detail: err.Error()}.write(w)
	case errors.Is(err, edit.ErrNoAdmin):
		problem{Status: http.StatusConflict, Detail: err.Error()}.write(w)
	default:
		s.refuseChange(w, "", err)
	}
}
