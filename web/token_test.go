package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/viewer"

	"github.com/golang-jwt/jwt/v5"
)

const jwtSecret = "0123456789abcdef0123456789abcdef"

// token returns a token of the back end that shares jwtSecret, with a role and cameras, which ends in a while.
func token(t *testing.T, role, cameras string) string {
	t.Helper()
	return tokenUntil(t, role, cameras, time.Now().Add(time.Hour))
}

func tokenUntil(t *testing.T, role, cameras string, end time.Time) string {
	t.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": "ann", "role": role, "cameras": cameras, "exp": end.Unix(),
	}).SignedString([]byte(jwtSecret))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTokenOfABackEndLetsItsHolderIn(t *testing.T) {
	url, _ := serveText(t, "auth: {jwt: {secret: "+jwtSecret+"}}\n"+site)
	ann, admin := token(t, "viewer", "gate"), token(t, "admin", "*")
	elsewhere := map[string]string{"Test-From": "192.0.2.1:1"}
	bearing := func(token string) map[string]string {
		return map[string]string{"Test-From": "192.0.2.1:1", "Authorization": "Bearer " + token}
	}
	for _, test := range []struct {
		path   string
		header map[string]string
		status int
		part   string
	}{
		{"/api/cameras/gate", elsewhere, 401, "needs a token"},
		{"/api/cameras/gate", bearing(ann), 200, "gate"},
		{"/api/cameras/gate?token=" + ann, elsewhere, 200, "gate"},
		{"/cameras/gate/snapshot.jpg?width=160&token=" + ann, elsewhere, 200, ""},
		{"/cameras/gate/snapshot.jpg?token=" + ann + "&width=x", elsewhere, 400, "width"},
		{"/api/cameras/yard", bearing(ann), 403, "may not see"},
		{"/metrics", bearing(ann), 403, "admin"},
		{"/metrics", bearing(admin), 200, ""},
		{"/api/cameras/gate", bearing(ann + "x"), 401, "the token is not valid"},
		{"/healthz", bearing(ann + "x"), 200, ""},
	} {
		resp, body := send(t, http.MethodGet, url+test.path, "", test.header)
		if resp.StatusCode != test.status || !strings.Contains(body, test.part) {
			t.Errorf("%.40s: %s %s", test.path, resp.Status, body)
		}
		if challenge := resp.Header.Get("WWW-Authenticate"); (resp.StatusCode == 401) != strings.HasPrefix(challenge, "Bearer") {
			t.Errorf("%.40s: %s, WWW-Authenticate %q", test.path, resp.Status, challenge)
		}
	}
	s, err := viewer.Open(t.Context(), url+"/cameras/gate/stream?token="+ann)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Next(); err != nil {
		t.Error(err)
	}
}

// TestTokenOfAPageOfAnotherOriginIsAllowed asks like a browser before a request with the header Authorization.
func TestTokenOfAPageOfAnotherOriginIsAllowed(t *testing.T) {
	url := serve(t)
	for origin, want := range map[string]string{"https://wall.example": "authorization", "https://evil.example": ""} {
		resp, _ := send(t, http.MethodOptions, url+"/api/cameras", "", map[string]string{
			"Origin": origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"})
		if got := resp.Header.Get("Access-Control-Allow-Headers"); !strings.EqualFold(got, want) {
			t.Errorf("%s: %q", origin, got)
		}
	}
}

// TestRenewedTokenTakesOverWithoutAGap has a page open its stream again with a new token while the previous one is still valid.
func TestRenewedTokenTakesOverWithoutAGap(t *testing.T) {
	t.Parallel()
	root, _ := serveText(t, "auth: {jwt: {secret: "+jwtSecret+"}}\n"+site)
	open := func(token string) *viewer.Stream {
		s, err := viewer.Open(t.Context(), root+"/cameras/gate/stream?width=160&token="+token)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		return s
	}
	previous, renewed := open(tokenUntil(t, "viewer", "gate", time.Now().Add(5*time.Second))), open(token(t, "viewer", "gate"))
	var last viewer.Picture
	for {
		picture, err := previous.Next()
		if err != nil { // the token has ended, and its stream with it
			break
		}
		last = picture
		if _, err := renewed.Next(); err != nil {
			t.Fatal(err)
		}
	}
	for { // the stream with the new token goes on
		picture, err := renewed.Next()
		if err != nil {
			t.Fatal(err)
		}
		if picture.Received.After(last.Received) {
			return
		}
	}
}
