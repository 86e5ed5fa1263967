package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/framegate/framegate/web/auth"
)

// requestOf returns a request of a principal from an address.
func requestOf(p auth.Principal, address string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = address + ":1"
	return r.WithContext(auth.WithPrincipal(r.Context(), p))
}

func TestOneVisitorLeavesRenditionsToOthers(t *testing.T) {
	var v visitors
	bob := auth.Principal{Kind: auth.User, Name: "bob", Role: auth.Viewer}
	open := auth.Principal{Kind: auth.Open, Role: auth.Viewer}
	enter := func(p auth.Principal, address, camera, query string) func() {
		q, bad := parse(query, streamParameters)
		if bad != nil {
			t.Fatalf("%+v", bad)
		}
		leave, refused := v.enter(requestOf(p, address), pictureOf(camera, q.Request), false, 2)
		if refused != nil && (refused.Status != 429 || refused.retryAfter == 0) {
			t.Errorf("%+v", refused)
		}
		return leave
	}
	first, second := enter(bob, "192.0.2.1", "gate", "width=100"), enter(bob, "192.0.2.2", "gate", "width=200")
	if first == nil || second == nil {
		t.Fatal("refused below the limit")
	}
	if enter(bob, "192.0.2.3", "gate", "width=300") != nil {
		t.Error("a third picture of one visitor")
	}
	for name, leave := range map[string]func(){
		"the same again":     enter(bob, "192.0.2.3", "gate", "width=100"),
		"the same, unlike":   enter(bob, "192.0.2.3", "gate", "width=100&_=1"),
		"without parameters": enter(bob, "192.0.2.3", "gate", ""),
		"another camera":     enter(bob, "192.0.2.3", "yard", "width=300"),
		"another user":       enter(auth.Principal{Kind: auth.User, Name: "eve", Role: auth.Viewer}, "192.0.2.1", "gate", "width=300"),
		"an address":         enter(open, "192.0.2.1", "gate", "width=300"),
		"another address":    enter(open, "192.0.2.2", "gate", "width=400"),
		"an admin":           enter(auth.Principal{Kind: auth.User, Name: "bob", Role: auth.Admin}, "192.0.2.1", "gate", "width=500"),
	} {
		if leave == nil {
			t.Errorf("%s is refused", name)
			continue
		}
		leave()
	}
	first()
	third := enter(bob, "192.0.2.3", "gate", "width=300")
	if third == nil {
		t.Fatal("refused after another one has ended")
	}
	second()
	third()
	if len(v.all) != 0 {
		t.Errorf("%d visitors are remembered", len(v.all))
	}
}

func TestSnapshotsInProgressForOneVisitorAreLimited(t *testing.T) {
	var v visitors
	r := requestOf(auth.Principal{Kind: auth.Open, Role: auth.Viewer}, "192.0.2.1")
	for range maxSnapshots {
		leave, refused := v.enter(r, requested{camera: "gate"}, true, 1)
		if refused != nil {
			t.Fatalf("%+v", refused)
		}
		defer leave()
	}
	if _, refused := v.enter(r, requested{camera: "yard"}, true, 1); refused == nil || refused.Status != 429 {
		t.Errorf("%+v", refused)
	}
	if leave, refused := v.enter(r, requested{camera: "yard"}, false, 1); refused != nil {
		t.Errorf("a stream: %+v", refused)
	} else {
		leave()
	}
}

func TestLinkAtManyAddressesLeavesRenditionsToOthers(t *testing.T) {
	var v visitors
	link := auth.Principal{Kind: auth.Link, Name: "wall", Role: auth.Viewer, Shared: "0a1b2c3d"}
	enter := func(p auth.Principal, address, query string) *problem {
		q, bad := parse(query, streamParameters)
		if bad != nil {
			t.Fatalf("%+v", bad)
		}
		_, refused := v.enter(requestOf(p, address), pictureOf("gate", q.Request), true, 2)
		return refused
	}
	for n, want := range []bool{true, true, false} {
		if refused := enter(link, fmt.Sprint("192.0.2.", n), fmt.Sprint("width=", 100+n)); (refused == nil) != want {
			t.Errorf("picture %d: %+v", n, refused)
		}
	}
	other := link
	other.Shared = "4e5f6071"
	if refused := enter(other, "192.0.2.1", "width=200"); refused != nil {
		t.Errorf("another link: %+v", refused)
	}
	for n := range 2 * maxSnapshots { // of one picture, for many who have the link
		if refused := enter(link, fmt.Sprintf("198.51.100.%d", n), "width=100"); refused != nil {
			t.Errorf("%+v", refused)
		}
	}
}
