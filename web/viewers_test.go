package web

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth"
)

func TestNoStreamBeginsWhileTheLastOnesEnd(t *testing.T) {
	var v viewerLimits
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	last, _ := v.enter(r, &configs.Config{})
	closed := make(chan struct{})
	go func() {
		v.close()
		close(closed)
	}()
	for { // until close has begun
		leave, refused := v.enter(r, &configs.Config{})
		if refused != nil {
			if refused.Status != http.StatusServiceUnavailable {
				t.Errorf("%+v", refused)
			}
			break
		}
		leave()
		runtime.Gosched()
	}
	select {
	case <-closed:
		t.Error("close returned while a stream was being sent")
	default:
	}
	last()
	<-closed
}

func TestOneAddressDoesNotTakeEveryPlace(t *testing.T) {
	config := configs.Default()
	config.MaxViewers = 200
	var v viewerLimits
	one := httptest.NewRequest(http.MethodGet, "/", nil)
	for n := range 200 {
		one.RemoteAddr = fmt.Sprintf("[2001:db8::%x]:1000", n)
		_, refused := v.enter(one, config)
		if refused != nil && (n != 175 || refused.Status != http.StatusTooManyRequests || !strings.Contains(refused.Detail, "max_viewers_per_address: 0")) {
			t.Fatalf("viewer %d: %+v", n, refused)
		}
		if refused != nil {
			break
		}
	}
	other := httptest.NewRequest(http.MethodGet, "/", nil)
	other.RemoteAddr = "192.0.2.77:1000"
	if _, refused := v.enter(other, config); refused != nil {
		t.Errorf("another address: %+v", refused)
	}
	config.MaxViewersPerAddress = 0 // behind a proxy
	for n := range 24 {
		if _, refused := v.enter(one, config); refused != nil {
			t.Fatalf("without a limit, %d more: %+v", n, refused)
		}
	}
}

func TestViewersOfUnixSocketsAreThoseOfOneAddressWhateverTheySay(t *testing.T) {
	var v viewerLimits
	config := &configs.Config{MaxViewersPerAddress: 1}
	unix := context.WithValue(t.Context(), http.LocalAddrContextKey, net.Addr(&net.UnixAddr{Name: "/run/framegate.sock", Net: "unix"}))
	for _, remote := range []string{"@", "192.0.2.7:1", "192.0.2.8:1"} {
		r := httptest.NewRequestWithContext(unix, http.MethodGet, "/", nil)
		r.RemoteAddr = remote
		if _, refused := v.enter(r, config); (refused != nil) != (remote != "@") {
			t.Errorf("%s: %+v", remote, refused)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "192.0.2.7:1"
	if _, refused := v.enter(r, config); refused != nil {
		t.Errorf("over TCP: %+v", refused)
	}
}

func TestViewersBeyondALimitAreRefused(t *testing.T) {
	for _, c := range []struct {
		config configs.Config
		status int
		part   string
	}{
		{configs.Config{MaxViewers: 1}, 503, "already has 1 viewers, the limit set by max_viewers"},
		{configs.Config{MaxViewersPerAddress: 1}, 429, "already has 1 viewers, the limit set by max_viewers_per_address"},
	} {
		var v viewerLimits
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		leave, _ := v.enter(r, &c.config)
		if _, refused := v.enter(r, &c.config); refused == nil || refused.Status != c.status || !strings.Contains(refused.Detail, c.part) {
			t.Errorf("%+v", refused)
		}
		leave()
		if _, refused := v.enter(r, &c.config); refused != nil {
			t.Errorf("after the first viewer has left: %+v", refused)
		}
	}
}

func TestUserHasTheSameViewersFromAllAddresses(t *testing.T) {
	var v viewerLimits
	config := &configs.Config{MaxViewersPerAddress: 1, MaxViewersPerUser: 2}
	enter := func(kind auth.Kind, name, address string) *problem {
		_, refused := v.enter(requestOf(auth.Principal{Kind: kind, Name: name, Role: auth.Viewer}, address), config)
		return refused
	}
	for n, want := range []bool{true, true, false} {
		refused := enter(auth.User, "ann", fmt.Sprint("192.0.2.", n))
		if (refused == nil) != want {
			t.Errorf("stream %d: %+v", n, refused)
		}
		if refused != nil && (refused.Status != 429 || refused.retryAfter == 0 || !strings.Contains(refused.Detail, "user ann already has 2 viewers, the limit set by max_viewers_per_user")) {
			t.Errorf("%+v", refused)
		}
	}
	for _, kind := range []auth.Kind{auth.User, auth.Token, auth.Proxy} { // behind one address
		for range 2 {
			if refused := enter(kind, "bob", "192.0.2.1"); refused != nil {
				t.Errorf("%s: %+v", kind, refused)
			}
		}
	}
	if refused := enter(auth.Open, "", "192.0.2.1"); refused != nil {
		t.Errorf("users have taken the place of their address: %+v", refused)
	}
	if refused := enter(auth.Open, "", "192.0.2.1"); refused == nil || !strings.Contains(refused.Detail, "max_viewers_per_address") {
		t.Errorf("%+v", refused)
	}
}

func TestLinkAtManyAddressesLeavesPlacesToOthers(t *testing.T) {
	for _, p := range []auth.Principal{
		{Kind: auth.Link, Name: "wall", Role: auth.Viewer, Shared: "0a1b2c3d"},
		{Kind: auth.Token, Role: auth.Viewer, Shared: "0a1b2c3d"},
	} {
		var v viewerLimits
		config := configs.Default()
		config.MaxViewers = 16
		var leave []func()
		for n := range 15 {
			left, refused := v.enter(requestOf(p, fmt.Sprint("192.0.2.", n)), config)
			if (refused != nil) != (n == 14) || refused != nil && (refused.Status != 429 || !strings.Contains(refused.Detail, "0a1b2c3d already has 14 viewers")) {
				t.Fatalf("%s, viewer %d: %+v", p.Kind, n, refused)
			}
			leave = append(leave, left)
		}
		other := p
		other.Shared = "4e5f6071"
		if _, refused := v.enter(requestOf(other, "192.0.2.99"), config); refused != nil {
			t.Errorf("another %s: %+v", p.Kind, refused)
		}
		for _, leave := range leave[:14] {
			leave()
		}
		if v.count != 1 || len(v.of) != 2 {
			t.Errorf("%d viewers, %v", v.count, v.of)
		}
	}
}

// TestStreamsOfAUserAreLimitedAtAllAddresses over HTTP, where two users share an address.
func TestStreamsOfAUserAreLimitedAtAllAddresses(t *testing.T) {
	config := mustParse(t, "max_viewers_per_user: 1\nmax_viewers_per_address: 1\ncameras: [{id: gate, url: 'rtsp://h/gate'}]")
	config.Auth.Users = []configs.User{userOf(t, "ann", "ann's", configs.ViewerRole), userOf(t, "bob", "bob's", configs.ViewerRole)}
	handler, stop := newHandler(t, config, nil, time.Now)
	log := &logText{}
	handler.server.visitLog = slog.New(slog.NewTextHandler(log, nil))
	url := listenWith(t, handler)
	t.Cleanup(stop)
	open := func(name, from string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/cameras/gate/stream", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(name, name+"'s")
		r.Header.Set("Test-From", from)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	for i, step := range []struct {
		name, from string
		want       int
	}{{"ann", "192.0.2.1:1", 200}, {"ann", "192.0.2.1:2", 429}, {"ann", "198.51.100.1:1", 429}, {"bob", "192.0.2.1:3", 200}, {"bob", "192.0.2.1:4", 429}} {
		resp := open(step.name, step.from)
		if resp.StatusCode != step.want || (resp.Header.Get("Retry-After") != "") != (step.want == 429) {
			t.Errorf("%d, %s from %s: %s, Retry-After %q", i, step.name, step.from, resp.Status, resp.Header.Get("Retry-After"))
		}
	}
	if text := log.String(); strings.Count(text, `msg="request refused" camera=gate who="user ann" from=`) != 2 || strings.Count(text, `who="user bob" from=192.0.2.1 `) != 1 {
		t.Errorf("the log does not say who was refused: %s", text)
	}
}
