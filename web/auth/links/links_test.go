package links

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth"
)

// began is when the tests begin, by their clock.
var began = time.Unix(1_800_000_000, 0)

// made are Links with a state directory of their own, and how often their rights have ended.
type made struct {
	*Links
	ended  atomic.Int64
	logged bytes.Buffer
}

func newLinks(t testing.TB) *made {
	t.Helper()
	t.Setenv("STATE_DIRECTORY", t.TempDir())
	return another()
}

// another returns Links of another process.
func another() *made {
	m := &made{}
	m.Links = New(func() { m.ended.Add(1) }, slog.New(slog.NewTextHandler(&m.logged, nil)))
	m.now = func() time.Time { return began }
	return m
}

func (m *made) sign(t testing.TB, r Request) string {
	t.Helper()
	signed, err := m.Sign(r)
	if err != nil {
		t.Fatal(err)
	}
	return signed.URL
}

// find finds the principal of a GET request.
func (m *made) find(link string) (auth.Principal, bool, error) {
	return m.Find(httptest.NewRequest(http.MethodGet, link, nil))
}

func configured(t testing.TB, keys string) *configs.Config {
	t.Helper()
	config, err := configs.Parse("test.yaml", []byte("auth: {link_keys: ["+keys+"]}\ncameras: []"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

const secretOfTests = "0123456789abcdef0123456789abcdef"

// TestWorkedExampleOfTheDocs has the values that docs/access.md shows to whoever writes a signer.
func TestWorkedExampleOfTheDocs(t *testing.T) {
	m := another()
	m.Configure(configured(t, "{id: wall, secret: "+secretOfTests+"}"))
	nonce := ""
	m.nonce = func() string { return nonce }
	docs, err := os.ReadFile("../../../docs/access.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		request     Request
		nonce, text string
	}{
		{Request{URL: "/cameras/gate/stream?width=640&fps=5", For: "10m"}, "", "framegate-link-1\n/cameras/gate/stream\nfps=5&width=640\n1800000600\nwall\n"},
		{Request{URL: "/cameras/gate/stream?width=640&fps=5", For: "10m", Any: true, Client: "203.0.113.7"}, "", "framegate-link-1\n/cameras/gate/\n\n1800000600\nwall\n203.0.113.7"},
		{Request{URL: "/cameras/gate/stream", For: "10m"}, "Zk3x9Qa1", "framegate-link-1\n/cameras/gate/stream\n\n1800000600\nwall\n\nZk3x9Qa1"},
	} {
		nonce = test.nonce
		link := m.sign(t, test.request)
		u, _ := url.Parse(link)
		l, _, _, ok := read(u.Path, u.RawQuery)
		if !ok || l.text() != test.text {
			t.Errorf("%q, want %q", l.text(), test.text)
		}
		if !strings.Contains(string(docs), "    "+link+"\n") {
			t.Errorf("docs/access.md does not have %s", link)
		}
		if text := strings.ReplaceAll(test.text, "\n", `\n`); !strings.Contains(string(docs), "    "+text+"\n") {
			t.Errorf("docs/access.md does not have %s", text)
		}
	}
}

func TestLinkMakesAViewerOfOneCamera(t *testing.T) {
	m := newLinks(t)
	for _, path := range []string{"stream?width=640", "snapshot.jpg", "snapshot.png?max_age=5", "snapshot.webp", "next.jpg", "next.raw?pixels=rgb"} {
		link := m.sign(t, Request{URL: "/cameras/gate/" + path})
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			p, found, err := m.Find(httptest.NewRequest(method, link, nil))
			if !found || err != nil || p.Kind != auth.Link || p.Role != auth.Viewer || !p.Sees("gate") || p.Sees("yard") || !p.Until.Equal(began.Add(DefaultFor)) {
				t.Errorf("%s %s: %+v, %v, %v", method, link, p, found, err)
			}
		}
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
			if _, found, err := m.Find(httptest.NewRequest(method, link, nil)); !found || err != error(errInvalid) {
				t.Errorf("%s %s: %v, %v", method, link, found, err)
			}
		}
	}
}

func TestRequestWithoutASignatureHasNoLink(t *testing.T) {
	m := newLinks(t)
	for _, path := range []string{"/", "/cameras/gate/stream", "/cameras/gate/stream?width=1&expires=1800000600&key=a&any=1&ip=::1", "/cameras/gate/stream?signatures=x"} {
		if p, found, err := m.find(path); found || err != nil {
			t.Errorf("%s: %+v, %v", path, p, err)
		}
	}
}

func TestParametersInAnotherOrderAreTheSamePicture(t *testing.T) {
	m := newLinks(t)
	link := m.sign(t, Request{URL: "/cameras/gate/stream?width=640&fps=5&&crop=0,0,.5,.5"})
	path, query, _ := strings.Cut(link, "?")
	parts := strings.Split(query, "&")
	slices.Reverse(parts)
	if _, _, err := m.find(path + "?" + strings.Join(parts, "&")); err != nil {
		t.Error(err)
	}
}

// TestNothingOfALinkCanBeChanged changes each byte of a link, and adds and removes parameters.
func TestNothingOfALinkCanBeChanged(t *testing.T) {
	m := newLinks(t)
	m.sign(t, Request{URL: "/cameras/gate/stream"})
	if _, err := m.Rotate(); err != nil { // two keys, so that the other one's ID is known
		t.Fatal(err)
	}
	for _, request := range []Request{{URL: "/cameras/gate/stream?width=640&fps=5"}, {URL: "/cameras/gate/stream", Any: true, Client: "192.0.2.1"}} { // from where httptest's requests come
		link := m.sign(t, request)
		if _, _, err := m.find(link); err != nil {
			t.Fatal(err)
		}
		for i := len("/cameras/"); i < len(link); i++ {
			for _, c := range []byte("aZ09-_=&?/%") {
				changed := link[:i] + string(c) + link[i+1:]
				if changed == link {
					continue
				}
				u, err := url.ParseRequestURI(changed)
				if err != nil {
					continue
				}
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				r.URL = u
				if _, found, err := m.Find(r); found && err == nil {
					t.Errorf("%s is as good as %s", changed, link)
				}
			}
		}
	}
	link := m.sign(t, Request{URL: "/cameras/gate/stream?width=640"})
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" { // the last one has two bits that mean nothing
		changed := link[:len(link)-1] + string(c)
		if _, _, err := m.find(changed); err == nil && changed != link {
			t.Errorf("%s is as good as %s", changed, link)
		}
	}
	_, query, _ := strings.Cut(link, "?")
	for _, changed := range []string{
		link + "&height=1", link + "&any=1", link + "&ip=192.0.2.1", link + "&ip=", link + "&any=0", link + "&any",
		strings.Replace(link, "width=640&", "", 1), strings.Replace(link, "/stream", "/snapshot.jpg", 1), strings.Replace(link, "gate", "yard", 1),
		link + "&" + query, link + "&expires=1900000000", link + "&key=x", link + "&signature=", link + "&signature=x",
		strings.Replace(link, "expires", "%65xpires", 1), strings.Replace(link, "/cameras/gate", "/cameras/%67ate", 1), strings.Replace(link, "/cameras", "//cameras", 1),
		strings.Replace(link, "?width=640", "?expires=1900000000&width=640", 1), link + "=", link + "&signature=" + strings.Repeat("A", 43),
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		path, query, _ := strings.Cut(changed, "?")
		r.URL.Path, _ = url.PathUnescape(path)
		r.URL.RawPath, r.URL.RawQuery = path, query
		if p, found, err := m.Find(r); !found || err != error(errInvalid) {
			t.Errorf("%s: %+v, %v, %v", changed, p, found, err)
		}
	}
}

func TestLinkForAnyPictureIsForOneCamera(t *testing.T) {
	m := newLinks(t)
	_, query, _ := strings.Cut(m.sign(t, Request{URL: "/cameras/gate/stream", Any: true}), "?")
	for path, want := range map[string]bool{
		"/cameras/gate/stream?":             true,
		"/cameras/gate/snapshot.png?":       true,
		"/cameras/gate/stream?width=1&x=%&": true,
		"/cameras/yard/stream?":             false,
		"/cameras/gate-2/stream?":           false,
		"/cameras/gate/?":                   false,
		"/cameras/gate?":                    false,
		"/api/cameras/gate?":                false,
		"/cameras/gate/stream/x?":           false,
	} {
		if _, found, err := m.find(path + query); !found || (err == nil) != want {
			t.Errorf("%s: %v, %v", path, found, err)
		}
	}
}

func TestLinkForAClientIsForItsAddressOnly(t *testing.T) {
	m := newLinks(t)
	for client, from := range map[string]string{"192.0.2.1": "192.0.2.1:99", "2001:DB8::1": "[2001:db8::1]:99", "::ffff:192.0.2.9": "192.0.2.9:1", "192.0.2.7": "[::ffff:192.0.2.7]:1"} {
		link := m.sign(t, Request{URL: "/cameras/gate/stream", Client: client})
		for _, l := range []string{link, strings.ReplaceAll(link, ":", "%3A")} {
			r := httptest.NewRequest(http.MethodGet, l, nil)
			r.RemoteAddr = from
			if _, _, err := m.Find(r); err != nil {
				t.Errorf("%s from %s: %v", l, from, err)
			}
		}
		for _, other := range []string{"192.0.2.2:99", "[2001:db8::2]:99", "@", ""} {
			r := httptest.NewRequest(http.MethodGet, link, nil)
			r.RemoteAddr = other
			if _, _, err := m.Find(r); err != error(errInvalid) {
				t.Errorf("%s from %s: %v", link, other, err)
			}
		}
	}
}

func TestLinkEndsAtItsTime(t *testing.T) {
	m := newLinks(t)
	link := m.sign(t, Request{URL: "/cameras/gate/stream", For: "90s"})
	for after, want := range map[time.Duration]error{0: nil, 90*time.Second - 1: nil, 90 * time.Second: errExpired, 1000 * time.Hour: errExpired} {
		m.now = func() time.Time { return began.Add(after) }
		if _, found, err := m.find(link); !found || (want == nil) != (err == nil) || want != nil && err != want {
			t.Errorf("after %v: %v", after, err)
		}
	}
	tampered := strings.Replace(link, "stream", "next.jpg", 1)
	if _, _, err := m.find(tampered); err != error(errInvalid) {
		t.Errorf("an expired link that was changed: %v", err)
	}
}

func TestURLsThatCannotBeSignedAreRefusedWithTheReason(t *testing.T) {
	m := newLinks(t)
	for _, test := range []struct {
		request         Request
		parameter, part string
	}{
		{Request{URL: ""}, "path", "not the path of a camera's picture"},
		{Request{URL: "/"}, "path", "must end in /cameras/ID/stream"},
		{Request{URL: "/cameras/gate"}, "path", "not the path"},
		{Request{URL: "/cameras/gate/"}, "path", "not the path"},
		{Request{URL: "/cameras/gate/snapshot.gif"}, "path", "not the path"},
		{Request{URL: "/cameras/Gate/stream"}, "path", "not the path"},
		{Request{URL: "/cameras/%67ate/stream"}, "path", "not the path"},
		{Request{URL: "/api/cameras/gate"}, "path", "not the path"},
		{Request{URL: "http://ann:secret@cams.example/cameras/gate/stream"}, "path", "a user or a password"},
		{Request{URL: "/cameras/gate/stream#x"}, "path", "a part after #"},
		{Request{URL: "/cameras/gate/stream?overlay=a b"}, "path", "write %20"},
		{Request{URL: "/cameras/gate/stream?signature=x"}, "path", "parameter signature"},
		{Request{URL: "/cameras/gate/stream?token=x"}, "path", "parameter token"},
		{Request{URL: "http://[::1/cameras/gate/stream"}, "path", "cannot be read"},
		{Request{URL: "/cameras/gate/stream", Client: "example.com"}, "client", "not the IP address"},
		{Request{URL: "/cameras/gate/stream", Client: "fe80::1%eth0"}, "client", "not the IP address"},
		{Request{URL: "/cameras/gate/stream", For: "soon"}, "for", "write 90m"},
		{Request{URL: "/cameras/gate/stream", For: "0s"}, "for", "write 90m"},
		{Request{URL: "/cameras/gate/stream", For: "-1d"}, "for", "write 90m"},
		{Request{URL: "/cameras/gate/stream", For: "3651d"}, "for", "write 90m"},
		{Request{URL: "/cameras/gate/stream", For: "99999999999999999999d"}, "for", "write 90m"},
	} {
		_, err := m.Sign(test.request)
		var refused *RequestError
		if !errors.As(err, &refused) || refused.Parameter != test.parameter || !strings.Contains(refused.Text, test.part) || strings.Contains(refused.Text, "secret") {
			t.Errorf("%+v: %v", test.request, err)
		}
	}
}

func TestLinkKeepsTheRestOfItsURL(t *testing.T) {
	m := newLinks(t)
	for from, want := range map[string]string{
		"https://wall.example/cams/cameras/gate/stream?b=1&a=2": "https://wall.example/cams/cameras/gate/stream?b=1&a=2&expires=",
		"http://[::1]:8080/cameras/gate/snapshot.jpg":           "http://[::1]:8080/cameras/gate/snapshot.jpg?expires=",
		"/cameras/gate/next.jpg?":                               "/cameras/gate/next.jpg?expires=",
	} {
		link := m.sign(t, Request{URL: from})
		if !strings.HasPrefix(link, want) {
			t.Errorf("%s became %s", from, link)
		}
		if _, _, err := m.find(link[strings.Index(link, "/cameras/"):]); err != nil { // as a proxy passes it on
			t.Errorf("%s: %v", link, err)
		}
	}
}

// FuzzLink reads links of any form. None is valid but those that were signed.
func FuzzLink(f *testing.F) {
	m := newLinks(f)
	exact, err := m.Sign(Request{URL: "/cameras/gate/stream?width=640&fps=5"})
	if err != nil {
		f.Fatal(err)
	}
	any, err := m.Sign(Request{URL: "/cameras/gate/stream", Any: true, Client: "192.0.2.1"})
	if err != nil {
		f.Fatal(err)
	}
	for _, link := range []string{exact.URL, any.URL, "/cameras/gate/stream?signature=", "/?expires=1&key=a&signature=%zz&any"} {
		path, query, _ := strings.Cut(link, "?")
		f.Add(path, query)
	}
	_, signed, _ := strings.Cut(exact.URL, "?")
	f.Fuzz(func(t *testing.T, path, query string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL = &url.URL{Path: path, RawQuery: query}
		p, found, err := m.Find(r)
		switch {
		case !found && (p.Role != auth.Anybody || err != nil):
			t.Errorf("%+v, %v", p, err)
		case found && err == nil && !p.Sees("gate"):
			t.Errorf("%+v", p)
		case found && err == nil && !strings.Contains(query, "any=1"):
			if path != "/cameras/gate/stream" || sorted(query) != sorted(signed) && !strings.Contains(query, "%") {
				t.Errorf("%s?%s is as good as %s", path, query, exact.URL)
			}
		}
	})
}
