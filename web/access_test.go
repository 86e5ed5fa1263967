package web

import (
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth/links"
	"github.com/golang-jwt/jwt/v5"
)

// kindOfRoute says who may ask for a route. It is the test's own list, so that a change of a role is seen.
var kindOfRoute = map[string]string{
	"GET /healthz":  "everybody",
	"GET /readyz":   "everybody",
	"GET /static/*": "everybody",

	"GET /sign-in":   "everybody",
	"POST /sign-in":  "everybody",
	"POST /sign-out": "everybody",

	"GET /":            "viewers",
	"GET /api/cameras": "viewers",
	"GET /api/live":    "viewers",

	"GET /account":                         "viewers",
	"POST /account/sessions/{session}/end": "viewers",
	"GET /api/sessions":                    "viewers",
	"DELETE /api/sessions/{session}":       "viewers",
	"POST /account/password":               "viewers",
	"PUT /api/password":                    "viewers",

	"GET /cameras/{id}":               "camera",
	"GET /cameras/{id}/":              "camera",
	"GET /embed/{id}":                 "camera",
	"GET /cameras/{id}/stream":        "picture",
	"GET /cameras/{id}/next.jpg":      "picture",
	"GET /cameras/{id}/next.raw":      "picture",
	"GET /cameras/{id}/snapshot.jpg":  "picture",
	"GET /cameras/{id}/snapshot.png":  "picture",
	"GET /cameras/{id}/snapshot.webp": "picture",
	"GET /api/cameras/{id}":           "camera",
	"GET /api/cameras/{id}/history":   "camera",

	"GET /api/hardware":        "admins",
	"GET /api/config":          "admins",
	"GET /metrics":             "admins",
	"POST /api/cameras":        "changes",
	"PUT /api/cameras/{id}":    "changes",
	"PATCH /api/cameras/{id}":  "changes",
	"DELETE /api/cameras/{id}": "changes",

	"POST /api/probe":              "changes",
	"POST /api/cameras/{id}/probe": "changes",
	"POST /api/discover":           "changes",
	"POST /api/discover/streams":   "changes",
	"GET /setup":                   "admins",
	"GET /setup/add":               "admins",
	"GET /setup/cameras/{id}":      "admins",
	"GET /setup/users":             "admins",
	"GET /setup/links":             "admins",
	"GET /setup/hardware":          "admins",
	"GET /setup/configuration":     "admins",
	"GET /api/users":               "admins",
	"PUT /api/users/{user}":        "changes",
	"DELETE /api/users/{user}":     "changes",

	"POST /api/links":              "changes",
	"POST /api/links/revoke":       "changes",
	"GET /api/links/keys":          "admins",
	"POST /api/links/keys/rotate":  "changes",
	"DELETE /api/links/keys/{key}": "changes",
}

// served stands for every status of an answer that is not refused because of who asks.
const served = 0

// asker is somebody who asks, from elsewhere unless the header says otherwise.
type asker struct {
	auth   configs.Auth
	header map[string]string
	want   map[string]int // by kind of route
}

const (
	elsewhere = "192.0.2.1:4321"
	loopback  = "127.0.0.1:4321"
)

// askers returns who asks. Each configuration with users has the admin ann, and the viewers bob and eve, who sees another camera.
func askers(t *testing.T) map[string]asker {
	var closed, open, users, both configs.Auth
	open.Open, both.Open = true, true
	users.Users = []configs.User{
		userOf(t, "ann", "ann's", configs.AdminRole), userOf(t, "bob", "bob's", configs.ViewerRole, "ga*"), userOf(t, "eve", "eve's", configs.ViewerRole, "yard"),
	}
	both.Users = users.Users
	statuses := func(viewers, camera, admins, changes int) map[string]int {
		return map[string]int{"everybody": served, "viewers": viewers, "camera": camera, "picture": camera, "admins": admins, "changes": changes}
	}
	ofLink := func(picture int) map[string]int {
		return map[string]int{"everybody": served, "viewers": 403, "camera": 403, "picture": picture, "admins": 403, "changes": 403}
	}
	linked := configs.Auth{LinkKeys: []configs.LinkKey{{ID: "wall", Secret: linkSecret}}}
	linkedToo := linked
	linkedToo.Open, linkedToo.Users = true, users.Users
	from := func(address string, header ...string) map[string]string {
		all := map[string]string{"Test-From": address}
		for i := 0; i < len(header); i += 2 {
			all[header[i]] = header[i+1]
		}
		return all
	}
	basic := func(name, password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password))
	}
	tokens := configs.Default().Auth
	tokens.JWT.Secret, tokens.JWT.Audience = jwtSecret, "framegate"
	token := func(by jwt.SigningMethod, secret string, claims jwt.MapClaims) string {
		all := jwt.MapClaims{"sub": "carl", "aud": "framegate", "exp": time.Now().Add(time.Hour).Unix(), "cameras": []string{"ga*"}}
		maps.Copy(all, claims)
		var key any = []byte(secret)
		if by == jwt.SigningMethodNone {
			key = jwt.UnsafeAllowNoneSignatureType
		}
		signed, err := jwt.NewWithClaims(by, all).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + signed
	}
	const proxy, proxySecret = "127.0.0.9:4321", "0123456789abcdef" // on this machine, and trusted
	proxied := configs.Default().Auth
	proxied.Proxy.UserHeader, proxied.Proxy.RoleHeader, proxied.Proxy.CamerasHeader = "Remote-User", "Remote-Role", "Remote-Cameras"
	proxied.Proxy.Secret = proxySecret
	proxiedToo := proxied
	proxiedToo.Open = true
	return map[string]asker{
		"nobody from loopback":                         {closed, from(loopback), statuses(served, served, served, served)},
		"nobody from elsewhere":                        {closed, from(elsewhere), statuses(403, 403, 403, 403)},
		"nobody through a proxy on this machine":       {closed, from(loopback, "X-Forwarded-For", "192.0.2.1"), statuses(403, 403, 403, 403)},
		"nobody from loopback, open":                   {open, from(loopback), statuses(served, served, served, served)},
		"nobody from elsewhere, open":                  {open, from(elsewhere), statuses(served, served, 403, 403)},
		"nobody through a proxy on this machine, open": {open, from(loopback, "X-Forwarded-For", "192.0.2.1"), statuses(served, served, 403, 403)},
		"nobody from loopback, with users":             {users, from(loopback), statuses(401, 401, 401, 401)},
		"nobody from elsewhere, with users":            {users, from(elsewhere), statuses(401, 401, 401, 401)},
		"nobody from elsewhere, open, with users":      {both, from(elsewhere), statuses(served, served, 403, 403)},
		"wrong password":                               {users, from(elsewhere, "Authorization", basic("ann", "bob's")), statuses(401, 401, 401, 401)},
		"wrong password from loopback":                 {users, from(loopback, "Authorization", basic("ann", "bob's")), statuses(401, 401, 401, 401)},
		"wrong password, open":                         {both, from(elsewhere, "Authorization", basic("ann", "bob's")), statuses(401, 401, 401, 401)},
		"admin":                                        {users, from(elsewhere, "Authorization", basic("ann", "ann's")), statuses(served, served, served, served)},
		"viewer":                                       {users, from(elsewhere, "Authorization", basic("bob", "bob's")), statuses(served, served, 403, 403)},
		"viewer of another camera":                     {users, from(elsewhere, "Authorization", basic("eve", "eve's")), statuses(served, 403, 403, 403)},
		"link":                                         {linked, from(elsewhere, "Test-Link", "good"), ofLink(served)},
		"link from loopback":                           {linked, from(loopback, "Test-Link", "good"), ofLink(served)},
		"link, open":                                   {linkedToo, from(elsewhere, "Test-Link", "good"), ofLink(served)},
		"link of an admin":                             {linkedToo, from(elsewhere, "Test-Link", "good", "Authorization", basic("ann", "ann's")), ofLink(served)},
		"link for another camera":                      {linked, from(elsewhere, "Test-Link", "other"), ofLink(403)},
		"expired link":                                 {linked, from(elsewhere, "Test-Link", "expired"), ofLink(410)},
		"expired link, open":                           {linkedToo, from(elsewhere, "Test-Link", "expired"), ofLink(410)},
		"token":                                        {tokens, from(elsewhere, "Authorization", token(jwt.SigningMethodHS256, jwtSecret, nil)), statuses(served, served, 403, 403)},
		"token of an admin": {tokens, from(elsewhere, "Authorization", token(jwt.SigningMethodHS256, jwtSecret, jwt.MapClaims{"role": "admin", "cameras": "*"})),
			statuses(served, served, served, served)},
		"token of an admin of one camera": {tokens, from(elsewhere, "Authorization", token(jwt.SigningMethodHS256, jwtSecret, jwt.MapClaims{"role": "admin", "cameras": []string{"gate"}})),
			statuses(403, 403, 403, 403)},
		"token for another camera": {tokens, from(elsewhere, "Authorization", token(jwt.SigningMethodHS256, jwtSecret, jwt.MapClaims{"cameras": []string{"yard"}})),
			statuses(served, 403, 403, 403)},
		"token of another key": {tokens, from(elsewhere, "Authorization", token(jwt.SigningMethodHS256, "x"+jwtSecret[1:], nil)), statuses(401, 401, 401, 401)},
		"token of no key":      {tokens, from(elsewhere, "Authorization", token(jwt.SigningMethodNone, "", nil)), statuses(401, 401, 401, 401)},
		"expired token": {tokens, from(elsewhere, "Authorization", token(jwt.SigningMethodHS256, jwtSecret, jwt.MapClaims{"exp": time.Now().Add(-time.Hour).Unix()})),
			statuses(401, 401, 401, 401)},
		"token for another audience": {tokens, from(elsewhere, "Authorization", token(jwt.SigningMethodHS256, jwtSecret, jwt.MapClaims{"aud": "elsewhere"})),
			statuses(401, 401, 401, 401)},
		"nobody from elsewhere, with tokens": {tokens, from(elsewhere), statuses(401, 401, 401, 401)},
		"user of a proxy": {proxied, from(proxy, "Remote-User", "dora", "Remote-Cameras", "ga*", "X-Framegate-Secret", proxySecret),
			statuses(served, served, 403, 403)},
		"admin of a proxy": {proxied, from(proxy, "Remote-User", "dora", "Remote-Role", "admin", "X-Framegate-Secret", proxySecret),
			statuses(served, served, served, served)},
		"admin of a proxy, of one camera": {proxied, from(proxy, "Remote-User", "dora", "Remote-Role", "admin", "Remote-Cameras", "gate", "X-Framegate-Secret", proxySecret),
			statuses(403, 403, 403, 403)},
		"user of a proxy, for another camera": {proxied, from(proxy, "Remote-User", "dora", "Remote-Cameras", "yard", "X-Framegate-Secret", proxySecret),
			statuses(served, 403, 403, 403)},
		"user of a proxy without its secret": {proxied, from(proxy, "Remote-User", "dora", "Remote-Role", "admin"), statuses(403, 403, 403, 403)},
		"proxy header from a stranger": {proxied, from(elsewhere, "Remote-User", "dora", "Remote-Role", "admin", "X-Framegate-Secret", proxySecret),
			statuses(403, 403, 403, 403)},
		"proxy header from a stranger, open": {proxiedToo, from(elsewhere, "Remote-User", "dora", "Remote-Role", "admin", "X-Framegate-Secret", proxySecret),
			statuses(served, served, 403, 403)},
		"nobody through a trusted proxy on this machine":        {closed, from(proxy), statuses(403, 403, 403, 403)},
		"somebody here through a trusted proxy on this machine": {closed, from(proxy, "X-Forwarded-For", "127.0.0.1"), statuses(403, 403, 403, 403)},
		"tampered link": {linked, from(elsewhere, "Test-Link", "tampered"), ofLink(403)},
	}
}

// withLink returns a path with a link for it, as the asker's header says. Where no link is made for the path, it is one for a stream.
func withLink(which, path string) string {
	picture, end := path, time.Now().Add(time.Hour)
	if _, ok := links.Covers(path); !ok {
		picture = "/cameras/gate/stream"
	}
	switch which {
	case "":
		return path
	case "other":
		picture = strings.Replace(picture, "/gate/", "/yard/", 1)
	case "expired":
		end = time.Now().Add(-time.Second)
	}
	_, query, _ := strings.Cut(signedAs(picture+"?width=160", end, "wall", linkSecret), "?")
	if which == "tampered" {
		query = strings.Replace(query, "width=160", "width=161", 1)
	}
	return path + "?" + query
}

func TestEveryRouteAnswersThoseWhoMayAsk(t *testing.T) {
	for name, asks := range askers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config, err := configs.Parse("test.yaml", []byte("trusted_proxies: [127.0.0.9]\ncameras: [{id: gate, url: 'rtsp://h/gate'}]\n"), nil)
			if err != nil {
				t.Fatal(err)
			}
			config.Auth = asks.auth
			url := ""
			for i, to := range new(server).routes() {
				if i%40 == 0 { // a wrong password may be repeated about fifty times
					url = serveConfig(t, config, nil)
				}
				kind, listed := kindOfRoute[to.method+" "+to.pattern]
				if !listed {
					t.Fatalf("the test does not know who may ask for %s %s", to.method, to.pattern)
				}
				path := strings.NewReplacer("{id}", "gate", "*", "style.css").Replace(to.pattern)
				path = withLink(asks.header["Test-Link"], path)
				got, body := statusOf(t, to.method, url+path, asks.header)
				if want := asks.want[kind]; refusalOf(got, body) != want {
					t.Errorf("%s %s: %d %.300s", to.method, to.pattern, got, body)
				}
			}
		})
	}
}

// refusalOf returns the status of an answer that is refused because of who asks, and served for every other one.
func refusalOf(status int, body string) int {
	switch {
	case strings.Contains(body, "there is no configuration file to change"): // whoever may change it is told that
		return served
	case status == 401, status == 403, status == 410:
		return status
	}
	return served
}

// statusOf returns the status of an answer, and its body if it is an error.
func statusOf(t *testing.T, method, url string, header map[string]string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodGet {
		r.Body, r.ContentLength = nil, 0
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode < 400 {
		return resp.StatusCode, ""
	}
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

func TestViewersLearnNoAddressOfACamera(t *testing.T) {
	config, err := configs.Parse("test.yaml", []byte("auth: {open: true}\ncameras: [{id: away, url: 'rtsp://h/away'}]\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	url := serveConfig(t, config, nil)
	const secret = "h:554" // of the error of the camera
	get(t, url+"/cameras/away/stream")
	for _, path := range []string{"/", "/cameras/away/", "/api/cameras", "/api/cameras/away", "/api/cameras/away/history", "/cameras/away/stream", "/cameras/away/snapshot.jpg", "/cameras/away/next.jpg"} {
		_, seen := statusAndBody(t, url+path, nil)
		if !strings.Contains(seen, secret) && !strings.HasSuffix(path, "/") {
			t.Errorf("%s tells an admin nothing: %s", path, seen)
		}
		if _, seen := statusAndBody(t, url+path, map[string]string{"Test-From": elsewhere}); strings.Contains(seen, secret) {
			t.Errorf("%s: %s", path, seen)
		}
	}
}

// statusAndBody returns the answer to a GET request with some headers.
func statusAndBody(t *testing.T, url string, header map[string]string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestWhoMayNotLookIsToldWhatToDo(t *testing.T) {
	config, err := configs.Parse("test.yaml", []byte("cameras: [{id: gate, url: 'rtsp://h/gate'}]\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	url := serveConfig(t, config, nil)
	const whoAsks = "cannot know who asks through a proxy or another service" // why this machine is refused too
	for accept, part := range map[string]string{"text/html,*/*;q=0.8": "<pre>framegate user add ann --admin</pre>", "*/*": `framegate user add NAME --admin`} {
		got, body := statusAndBody(t, url+"/", map[string]string{"Test-From": elsewhere, "Accept": accept})
		if got != 403 || !strings.Contains(body, part) || strings.Contains(body, whoAsks) {
			t.Errorf("%s from elsewhere: %d %s", accept, got, body)
		}
		got, body = statusAndBody(t, url+"/", map[string]string{"Test-From": loopback, "X-Forwarded-For": "192.0.2.1", "Accept": accept})
		if got != 403 || !strings.Contains(body, part) || !strings.Contains(body, whoAsks) {
			t.Errorf("%s through a proxy on this machine: %d %s", accept, got, body)
		}
	}
}

func TestWallShowsTheCamerasThatItsPrincipalSees(t *testing.T) {
	config, err := configs.Parse("test.yaml", []byte("auth: {open: true}\ncameras: [{id: gate, url: 'rtsp://h/gate'}]\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	url := serveConfig(t, config, nil)
	for from, metrics := range map[string]bool{"127.0.0.1:1": true, elsewhere: false} {
		_, page := statusAndBody(t, url+"/", map[string]string{"Test-From": from})
		if !strings.Contains(page, `data-camera="gate"`) || strings.Contains(page, ">Metrics<") != metrics {
			t.Errorf("%s: %s", from, page)
		}
	}
}
