package users

import (
	"errors"
	"net/http"
	"testing"

	"github.com/framegate/framegate/web/auth"
)

// FuzzAuthorization checks that whatever the header Authorization, only the names and passwords of users are let in, and every refusal
// is an answer.
func FuzzAuthorization(f *testing.F) {
	for _, header := range []string{
		"", "Basic", "Basic ", "Basic YW5uOmNvcnJlY3QgaG9yc2U=", "basic YW5uOmNvcnJlY3QgaG9yc2U=", "BASIC  YW5uOmNvcnJlY3QgaG9yc2U=",
		"Basic YW5uOg==", "Basic OmNvcnJlY3QgaG9yc2U=", "Basic YW5u", "Basic !!!", "Bearer x", "Basic YW5uOmNvcnJlY3QgaG9yc2UA",
	} {
		f.Add(header, header)
	}
	s := newSite(f)
	var last string
	s.matches = func(password, _ string) bool {
		last = password
		return password == "correct horse"
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		s.attempts = limiter{}
		r := &http.Request{Header: http.Header{"Authorization": {first}}, RemoteAddr: "192.0.2.1"}
		if second != "" {
			r.Header.Add("Authorization", second)
		}
		p, found, err := s.Find(r)
		name, password, _ := r.BasicAuth()
		if found && (err != nil || second != "" || password != "correct horse" || name != "ann" && name != "bob" || p.Name != name) {
			t.Errorf("%q, %q: %+v %v, compared with %q", first, second, p, err, last)
		}
		var refused *auth.Error
		if err != nil && (!errors.As(err, &refused) || refused.Status != http.StatusUnauthorized || p.Role != auth.Anybody) {
			t.Errorf("%q, %q: %v, %+v", first, second, err, p)
		}
	})
}
