package links

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/state"
	"github.com/framegate/framegate/web/auth"
)

// revoke revokes a link that is one.
func (m *made) revoke(t *testing.T, link string) {
	t.Helper()
	if _, err := m.RevokeLink(link); err != nil {
		t.Fatal(err)
	}
}

// expect checks the error of a link.
func (m *made) expect(t *testing.T, link string, want *auth.Error) {
	t.Helper()
	if _, _, err := m.find(link); want == nil && err != nil || want != nil && err != error(want) {
		t.Errorf("%s: %v, want %v", link, err, want)
	}
}

func TestLinkIsRevokedAlone(t *testing.T) {
	m := newLinks(t)
	one, other := m.sign(t, Request{URL: "/cameras/gate/stream"}), m.sign(t, Request{URL: "/cameras/gate/stream?width=320"})
	all := m.sign(t, Request{URL: "/cameras/gate/stream", Any: true})
	m.revoke(t, one)
	m.revoke(t, one)
	if n := m.ended.Load(); n != 1 {
		t.Errorf("rights have ended %d times", n)
	}
	m.expect(t, one, errRevoked)
	m.expect(t, "/cameras/gate/stream?"+reversed(one), errRevoked)
	m.expect(t, other, nil)
	m.expect(t, all, nil)
	m.revoke(t, "https://cams.example/cams"+strings.Replace(all, "/stream?", "/snapshot.jpg?width=64&", 1))
	m.expect(t, all, errRevoked)
	m.expect(t, strings.Replace(all, "/stream?", "/next.jpg?", 1), errRevoked)
	m.expect(t, other, nil)

	content, err := os.ReadFile(filepath.Join(os.Getenv("STATE_DIRECTORY"), revokedFile))
	_, signature, _ := strings.Cut(one, "signature=")
	if err != nil || strings.Contains(string(content), signature) || strings.Count(string(content), "link_sha256") != 2 {
		t.Errorf("%v %s", err, content)
	}
}

// reversed returns the query of a link with its parameters in another order.
func reversed(link string) string {
	_, query, _ := strings.Cut(link, "?")
	parts := strings.Split(query, "&")
	parts[0], parts[len(parts)-1] = parts[len(parts)-1], parts[0]
	return strings.Join(parts, "&")
}

func TestRevokedLinkOfAnotherProcessIsTakenOver(t *testing.T) {
	server := newLinks(t)
	server.Configure(configured(t, ""))
	link := server.sign(t, Request{URL: "/cameras/gate/stream"})
	command := another()
	command.revoke(t, link)
	server.reload() // as Run does each second
	server.expect(t, link, errRevoked)
	if server.ended.Load() != 1 {
		t.Error("no right has ended")
	}
	restarted := another()
	restarted.Configure(configured(t, ""))
	restarted.expect(t, link, errRevoked)
}

func TestLinkOfAConfiguredKeyIsRevokedToo(t *testing.T) {
	m := newLinks(t)
	m.Configure(configured(t, "{id: wall, secret: "+secretOfTests+"}"))
	link := m.sign(t, Request{URL: "/cameras/gate/stream"})
	m.revoke(t, link)
	m.expect(t, link, errRevoked)
}

func TestOnlyLinksAreRevoked(t *testing.T) {
	m := newLinks(t)
	link := m.sign(t, Request{URL: "/cameras/gate/stream?width=320"})
	for _, not := range []string{
		"", "%", "/", "/cameras/gate/stream", strings.Replace(link, "width=320", "width=321", 1), link + "x",
		strings.Replace(link, "&key=", "&key=x", 1), link + "&" + link,
	} {
		var refused *RequestError
		if _, err := m.RevokeLink(not); !errors.As(err, &refused) || refused.Parameter != "url" {
			t.Errorf("%s: %v", not, err)
		}
	}
	m.expect(t, link, nil)
	if _, err := os.Stat(filepath.Join(os.Getenv("STATE_DIRECTORY"), revokedFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestRevokedLinksAreForgottenAtTheirEnd(t *testing.T) {
	m := newLinks(t)
	sign := func(n int) string {
		return m.sign(t, Request{URL: fmt.Sprint("/cameras/gate/stream?_=", n), For: "1h"})
	}
	all := "["
	for n := range maxRevokedLinks {
		all += fmt.Sprintf(`{"link_sha256": "%064x", "until": %q},`, n, began.Add(30*time.Minute).Format(time.RFC3339))
	}
	link := sign(1)
	path := filepath.Join(os.Getenv("STATE_DIRECTORY"), revokedFile)
	if err := os.WriteFile(path, []byte(strings.TrimSuffix(all, ",")+"]"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := m.RevokeLink(link); !errors.Is(err, ErrFull) {
		t.Errorf("beyond the limit: %v", err)
	}
	m.expect(t, link, nil)
	m.now = func() time.Time { return began.Add(30 * time.Minute) }
	m.revoke(t, link)
	content, err := os.ReadFile(path)
	if err != nil || strings.Count(string(content), "link_sha256") != 1 {
		t.Errorf("%v %.300s", err, content)
	}
	m.now = func() time.Time { return began.Add(2 * time.Hour) }
	m.revoke(t, link) // it has ended by itself
}

// TestLinksAreRefusedWhileThoseThatWereRevokedCannotBeRead has a file that somebody has broken.
func TestLinksAreRefusedWhileThoseThatWereRevokedCannotBeRead(t *testing.T) {
	m := newLinks(t)
	one, other := m.sign(t, Request{URL: "/cameras/gate/stream"}), m.sign(t, Request{URL: "/cameras/yard/stream"})
	m.revoke(t, one)
	path := filepath.Join(os.Getenv("STATE_DIRECTORY"), revokedFile)
	if err := os.WriteFile(path, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	m.reload()
	m.expect(t, one, errRevoked)
	m.expect(t, other, nil)
	if _, err := m.RevokeLink(other); err == nil {
		t.Error("the broken file was replaced")
	}
	restarted := another()
	restarted.Configure(configured(t, ""))
	restarted.expect(t, other, errUnknown)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	restarted.reload()
	restarted.expect(t, other, nil)
}

// TestRevocationIsNotLostByAFileThatCannotBeReadOnce as when there are no descriptors left.
func TestRevocationIsNotLostByAFileThatCannotBeReadOnce(t *testing.T) {
	m := newLinks(t)
	link := m.sign(t, Request{URL: "/cameras/gate/stream"})
	m.expect(t, link, nil)
	open, fault := m.revokedFile.open, errors.New("too many open files")
	m.revokedFile.open = func(string) ([]byte, error) { return nil, fault }
	if _, err := m.RevokeLink(link); !errors.Is(err, fault) {
		t.Errorf("the link is said to be revoked: %v", err)
	}
	m.revokedFile.open = open
	m.reload()
	m.expect(t, link, errRevoked)
}

func TestRevokedLinksStayRevokedWithoutTheirFile(t *testing.T) {
	m := newLinks(t)
	one, other := m.sign(t, Request{URL: "/cameras/gate/stream"}), m.sign(t, Request{URL: "/cameras/yard/stream"})
	brief := m.sign(t, Request{URL: "/cameras/gate/stream", For: "10s"})
	m.revoke(t, one)
	m.revoke(t, brief)
	path := filepath.Join(os.Getenv("STATE_DIRECTORY"), revokedFile)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	m.reload()
	m.reload()
	m.expect(t, one, errRevoked)
	m.expect(t, other, nil)
	if n := strings.Count(m.logged.String(), "links that were revoked are missing"); n != 1 {
		t.Errorf("%d lines in the log: %s", n, m.logged.String())
	}

	another().revoke(t, other) // makes a file with this link only
	m.reload()
	m.expect(t, one, errRevoked)
	m.expect(t, other, errRevoked)
	m.now = func() time.Time { return began.Add(time.Minute) }
	m.revoke(t, m.sign(t, Request{URL: "/cameras/hall/stream"})) // writes those that are missing too
	restarted := another()
	restarted.now = m.now
	restarted.Configure(configured(t, ""))
	restarted.expect(t, one, errRevoked)
	content, err := os.ReadFile(path)
	if err != nil || strings.Count(string(content), "link_sha256") != 3 {
		t.Errorf("%v %s", err, content)
	}
}

func TestLostFileOfRevokedLinksIsWrittenAgain(t *testing.T) {
	m := newLinks(t)
	link := m.sign(t, Request{URL: "/cameras/gate/stream"})
	m.revoke(t, link)
	if err := os.Remove(filepath.Join(os.Getenv("STATE_DIRECTORY"), revokedFile)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m.Run(ctx) // once
	m.expect(t, link, errRevoked)
	restarted := another()
	restarted.Configure(configured(t, ""))
	restarted.expect(t, link, errRevoked)
}

// TestLinksOfOneSecondAreDifferent so that each can be revoked alone.
func TestLinksOfOneSecondAreDifferent(t *testing.T) {
	m := newLinks(t)
	one, other := m.sign(t, Request{URL: "/cameras/gate/stream"}), m.sign(t, Request{URL: "/cameras/gate/stream"})
	m.revoke(t, one)
	m.expect(t, one, errRevoked)
	m.expect(t, other, nil)
	_, nonce, _ := strings.Cut(other, "&nonce=")
	nonce, _, _ = strings.Cut(nonce, "&")
	for _, changed := range []string{"&nonce=", "&nonce=x", "&nonce=" + nonce + "%0A", "", "&nonce=" + nonce + "&nonce=" + nonce} {
		m.expect(t, strings.Replace(other, "&nonce="+nonce, changed, 1), errInvalid)
	}
}

func TestLogSaysWhatCommandsHaveChanged(t *testing.T) {
	server, command := newLinks(t), another()
	server.Configure(configured(t, ""))
	command.By = "ann"
	link := command.sign(t, Request{URL: "/cameras/gate/stream"})
	expect := func(want string) {
		t.Helper()
		server.reload()
		server.reload()
		if got := server.logged.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, want) || !strings.Contains(got, " who=ann from=command key=") {
			t.Errorf("%s, want %s", got, want)
		}
		server.logged.Reset()
	}
	expect("link key made")
	command.revoke(t, link)
	expect("link revoked")
	key, err := command.Rotate()
	if err != nil {
		t.Fatal(err)
	}
	expect("link key rotated")
	if err := command.Revoke(key.ID); err != nil {
		t.Fatal(err)
	}
	expect("link key revoked")

	server.revoke(t, server.sign(t, Request{URL: "/cameras/gate/stream"})) // as a request asks, which is logged with who asked
	if _, err := server.Rotate(); err != nil {
		t.Fatal(err)
	}
	restarted := another()
	restarted.Configure(configured(t, ""))
	if got := server.logged.String() + restarted.logged.String(); got != "" {
		t.Error(got)
	}
}

// TestFullListOfRevokedLinksFitsIntoTheStateDirectory with the longest that there can be.
func TestFullListOfRevokedLinksFitsIntoTheStateDirectory(t *testing.T) {
	m := newLinks(t)
	id := strings.Repeat("k", 64)
	m.Configure(configured(t, "{id: "+id+", secret: "+secretOfTests+"}"))
	var all []revokedLink
	for n := range maxRevokedLinks - 1 {
		all = append(all, revokedLink{Link: fmt.Sprintf("%064x", n), Until: began.Add(time.Hour).UTC(), Key: id, By: strings.Repeat("a", 32)})
	}
	content, err := json.MarshalIndent(all, "", "  ")
	if err == nil {
		err = state.WriteFile(revokedFile, content)
	}
	if err != nil {
		t.Fatal(err)
	}
	m.By = strings.Repeat("a", 32)
	link := m.sign(t, Request{URL: "/cameras/gate/stream"})
	m.revoke(t, link)
	m.expect(t, link, errRevoked)
}
