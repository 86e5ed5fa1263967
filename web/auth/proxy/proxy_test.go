package proxy

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth"
)

// proxies are those of the tests.
func proxies(t testing.TB) *configs.Config {
	t.Helper()
	config, err := configs.Parse("test.yaml", []byte(`
trusted_proxies: [127.0.0.1, 10.0.0.0/8, "2001:db8::/32", unix]
auth:
  proxy:
    user_header: Remote-User
    role_header: Remote-Role
    groups_header: Remote-Groups
    admin_groups: [admins, it]
    cameras_header: Remote-Cameras
    secret: 0123456789abcdef
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// request returns a request from an address with headers, which are names and values in turn.
func request(from string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://cams.example/", nil)
	r.RemoteAddr = from
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func TestClientOfATrustedProxyIsTheLastAddressThatIsNoProxys(t *testing.T) {
	config := proxies(t)
	const f = "X-Forwarded-For"
	for _, test := range []struct {
		from    string
		headers []string
		client  string
	}{
		{"10.0.0.1:5", []string{f, "192.0.2.1"}, "192.0.2.1:0"},
		{"10.0.0.1:5", []string{f, "127.0.0.1, 192.0.2.1"}, "192.0.2.1:0"}, // the client has sent the first
		{"10.0.0.1:5", []string{f, "198.51.100.1, 192.0.2.1, 10.0.0.2"}, "192.0.2.1:0"},
		{"10.0.0.1:5", []string{f, "198.51.100.1", f, "192.0.2.1"}, "192.0.2.1:0"},
		{"10.0.0.1:5", []string{f, "10.0.0.7"}, "10.0.0.7:0"},
		{"10.0.0.1:5", []string{f, "192.0.2.1:1234"}, "192.0.2.1:0"},
		{"10.0.0.1:5", []string{f, "[2001:db9::1]:80"}, "[2001:db9::1]:0"},
		{"10.0.0.1:5", []string{f, "2001:db9::1"}, "[2001:db9::1]:0"},
		{"10.0.0.1:5", []string{f, "::ffff:192.0.2.1"}, "192.0.2.1:0"},
		{"10.0.0.1:5", []string{f, "192.0.2.1, unknown"}, "10.0.0.1:5"},
		{"10.0.0.1:5", []string{f, "192.0.2.1, unknown, 10.0.0.2"}, "10.0.0.2:0"},
		{"10.0.0.1:5", []string{f, ""}, "10.0.0.1:5"},
		{"10.0.0.1:5", nil, "10.0.0.1:5"},
		{"[2001:db8::9]:5", []string{f, "192.0.2.1"}, "192.0.2.1:0"},
		{"192.0.2.9:5", []string{f, "127.0.0.1"}, "192.0.2.9:5"},
		{"@", []string{f, "127.0.0.1"}, "@"},
	} {
		if got := Forward(request(test.from, test.headers...), config.Proxies).RemoteAddr; got != test.client {
			t.Errorf("%s %v: %s, want %s", test.from, test.headers, got, test.client)
		}
	}
}

func TestClientsOfUnixSocketsAreProxiesIfTheConfigurationSaysSo(t *testing.T) {
	r := request("@", "X-Forwarded-For", "192.0.2.1")
	r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.UnixAddr{Net: "unix"}))
	if got := Forward(r, proxies(t).Proxies).RemoteAddr; got != "192.0.2.1:0" {
		t.Error(got)
	}
	if got := Forward(r, configs.Proxies{}).RemoteAddr; got != "@" {
		t.Error(got)
	}
}

func TestHostSchemeAndPathAreThoseThatATrustedProxyNames(t *testing.T) {
	config := proxies(t)
	for _, test := range []struct {
		headers              []string
		host, scheme, prefix string
	}{
		{nil, "cams.example", "", ""},
		{[]string{"X-Forwarded-Host", "x.example", "X-Forwarded-Proto", "https", "X-Forwarded-Prefix", "/cams"}, "x.example", "https", "/cams"},
		{[]string{"X-Forwarded-Host", "evil.example, x.example:8443", "X-Forwarded-Proto", "http, https"}, "x.example:8443", "https", ""},
		{[]string{"X-Forwarded-Host", "[2001:db8::1]:80"}, "[2001:db8::1]:80", "", ""},
		{[]string{"X-Forwarded-Host", `x"><script>`, "X-Forwarded-Proto", "javascript", "X-Forwarded-Prefix", `//evil.example`}, "cams.example", "", ""},
		{[]string{"X-Forwarded-Prefix", "/../x"}, "cams.example", "", ""},
		{[]string{"X-Forwarded-Prefix", "/cams/"}, "cams.example", "", "/cams"},
		{[]string{"X-Forwarded-Prefix", "/" + strings.Repeat("a", 300)}, "cams.example", "", ""},
		{[]string{"X-Ingress-Path", "/api/hassio_ingress/AbC-_1"}, "cams.example", "", "/api/hassio_ingress/AbC-_1"},
	} {
		r := Forward(request("127.0.0.1:5", test.headers...), config.Proxies)
		f, ok := Of(r.Context())
		if !ok || r.Host != test.host || f.Scheme != test.scheme || f.Prefix != test.prefix {
			t.Errorf("%v: %s %+v", test.headers, r.Host, f)
		}
		r = Forward(request("192.0.2.1:5", test.headers...), config.Proxies)
		if f, ok := Of(r.Context()); ok || r.Host != "cams.example" || f != (Forwarded{}) {
			t.Errorf("a stranger's %v: %s %+v", test.headers, r.Host, f)
		}
	}
}

const secret = "0123456789abcdef"

func TestUserOfAHeaderNeedsATrustedProxyAndItsSecret(t *testing.T) {
	config := proxies(t)
	users := NewUsers(slog.New(slog.DiscardHandler))
	ann := []string{"Remote-User", "ann", "Remote-Cameras", "*"}
	with := func(more ...string) []string { return append(slices.Clone(ann), more...) }
	for _, test := range []struct {
		from    string
		headers []string
		found   bool
	}{
		{"10.0.0.1:5", with("X-Framegate-Secret", secret), true},
		{"10.0.0.1:5", with("X-Framegate-Secret", secret, "X-Forwarded-For", "192.0.2.1"), true},
		{"192.0.2.1:5", with("X-Framegate-Secret", secret), false},
		{"192.0.2.1:5", with("X-Framegate-Secret", secret, "X-Forwarded-For", "10.0.0.1"), false},
		{"10.0.0.1:5", ann, false},
		{"10.0.0.1:5", with("X-Framegate-Secret", ""), false},
		{"10.0.0.1:5", with("X-Framegate-Secret", secret+"x"), false},
		{"10.0.0.1:5", with("X-Framegate-Secret", secret, "X-Framegate-Secret", secret), false},
		{"10.0.0.1:5", []string{"X-Framegate-Secret", secret}, false},
	} {
		r := Forward(request(test.from, test.headers...), config.Proxies)
		if _, found, _ := users.Find(r); found {
			t.Error("a user was found without a configuration")
		}
		configured := NewUsers(slog.New(slog.DiscardHandler))
		configured.Configure(config)
		p, found, err := configured.Find(r)
		if found != test.found || err != nil || found && (p.Kind != auth.Proxy || p.Name != "ann" || p.Role != auth.Viewer) {
			t.Errorf("%s %v: %+v, %v, %v", test.from, test.headers, p, found, err)
		}
	}
}

func TestUserOfAProxyIsFoundForATimeAndAsLongAsTheProxyIsTrusted(t *testing.T) {
	config := proxies(t)
	users := NewUsers(slog.New(slog.DiscardHandler))
	if config.Auth.Proxy.RecheckAfter != 15*time.Minute {
		t.Errorf("by default %v", config.Auth.Proxy.RecheckAfter)
	}
	config.Auth.Proxy.RecheckAfter = time.Minute
	users.Configure(config)
	before := time.Now()
	r := Forward(request("10.0.0.1:5", "Remote-User", "ann", "Remote-Cameras", "*", "X-Framegate-Secret", secret, "X-Forwarded-For", "192.0.2.1"), config.Proxies)
	after := time.Now()
	p, found, err := users.Find(r)
	if !found || err != nil || p.Until.Before(before.Add(time.Minute)) || p.Until.After(after.Add(time.Minute)) {
		t.Errorf("%+v, %v, %v", p, found, err)
	}
	if again, _, _ := users.Find(r); !again.Until.Equal(p.Until) {
		t.Errorf("the same request is for longer when it is looked at again: %v, %v", p.Until, again.Until)
	}
	distrusting := *config
	distrusting.Proxies = configs.Proxies{Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}}
	users.Configure(&distrusting)
	if p, found, _ := users.Find(r); found {
		t.Errorf("a proxy that is no longer trusted names %+v", p)
	}
}

func TestHeadersOfAProxySayWhatTheUserMay(t *testing.T) {
	config := proxies(t)
	for _, test := range []struct {
		headers []string
		role    auth.Role // Anybody if the user is refused
		cameras []string
	}{
		{[]string{"Remote-Cameras", "gate, yard-*"}, auth.Viewer, []string{"gate", "yard-*"}},
		{nil, auth.Anybody, nil},
		{[]string{"Remote-Cameras", " "}, auth.Anybody, nil},
		{[]string{"Remote-Cameras", "["}, auth.Anybody, nil},
		{[]string{"Remote-Role", "admin"}, auth.Admin, nil},
		{[]string{"Remote-Role", "admin", "Remote-Cameras", "gate"}, auth.Anybody, nil},
		{[]string{"Remote-Groups", "it", "Remote-Cameras", "gate"}, auth.Anybody, nil},
		{[]string{"Remote-Role", "admin", "Remote-Cameras", "*"}, auth.Admin, []string{"*"}},
		{[]string{"Remote-Role", "root", "Remote-Cameras", "*"}, auth.Anybody, nil},
		{[]string{"Remote-Role", "viewer", "Remote-Role", "admin"}, auth.Anybody, nil},
		{[]string{"Remote-Role", "viewer", "Remote-Groups", "admins", "Remote-Cameras", "*"}, auth.Viewer, []string{"*"}},
		{[]string{"Remote-Groups", "users, it"}, auth.Admin, nil},
		{[]string{"Remote-Groups", "users", "Remote-Cameras", "*"}, auth.Viewer, []string{"*"}},
		{[]string{"Remote-User", "bob", "Remote-Role", "admin"}, auth.Anybody, nil}, // the second name
	} {
		users := NewUsers(slog.New(slog.DiscardHandler))
		users.Configure(config)
		headers := append([]string{"Remote-User", "ann", "X-Framegate-Secret", secret}, test.headers...)
		p, found, err := users.Find(Forward(request("10.0.0.1:5", headers...), config.Proxies))
		if !found || (err != nil) != (test.role == auth.Anybody) || p.Role != test.role || !slices.Equal(p.Cameras, test.cameras) {
			t.Errorf("%v: %+v, %v, %v", test.headers, p, found, err)
		}
	}
}
