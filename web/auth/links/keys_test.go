package links

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestLinksOfTheLastTwoKeysAreValid(t *testing.T) {
	m := newLinks(t)
	var all []string
	for range 4 {
		all = append(all, m.sign(t, Request{URL: "/cameras/gate/stream"}))
		if _, err := m.Rotate(); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []error{errRevoked, errRevoked, errRevoked, nil} {
		if _, _, err := m.find(all[i]); (want == nil) != (err == nil) || want != nil && err != want {
			t.Errorf("link %d: %v, want %v", i, err, want)
		}
	}
	if m.ended.Load() != 3 {
		t.Errorf("rights have ended %d times", m.ended.Load())
	}
	keys, err := m.Keys()
	if err != nil || len(keys) != 5 || !keys[0].Signs || keys[1].Signs || keys[0].Revoked != nil || keys[1].Revoked != nil || keys[2].Revoked == nil {
		t.Errorf("%+v, %v", keys, err)
	}
}

func TestRevokedKeysAreForgottenInTheEnd(t *testing.T) {
	m := newLinks(t)
	for range 40 {
		if _, err := m.Rotate(); err != nil {
			t.Fatal(err)
		}
	}
	if keys, err := m.Keys(); len(keys) != maxAccepted+maxRevoked || err != nil {
		t.Errorf("%d keys, %v", len(keys), err)
	}
}

func TestRevokedKeyEndsItsLinksAndANewOneIsMade(t *testing.T) {
	m := newLinks(t)
	link := m.sign(t, Request{URL: "/cameras/gate/stream"})
	keys, _ := m.Keys()
	if err := m.Revoke(keys[0].ID); err != nil || m.ended.Load() != 1 {
		t.Fatal(err, m.ended.Load())
	}
	if _, _, err := m.find(link); err != error(errRevoked) || !Revoked(err) {
		t.Error(err)
	}
	if err := m.Revoke(keys[0].ID); !errors.Is(err, ErrRevoked) {
		t.Error(err)
	}
	if err := m.Revoke("00000000"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if _, _, err := m.find(m.sign(t, Request{URL: "/cameras/gate/stream"})); err != nil {
		t.Error(err)
	}
	if _, _, err := m.find(link); err != error(errRevoked) {
		t.Error(err)
	}
}

func TestKeysOfAnotherProcessAreTakenOver(t *testing.T) {
	server := newLinks(t)
	command := another()
	link := command.sign(t, Request{URL: "/cameras/gate/stream"})
	if _, _, err := server.find(link); err != nil { // with no time between
		t.Error(err)
	}
	if _, err := command.Rotate(); err != nil {
		t.Fatal(err)
	}
	rotated := command.sign(t, Request{URL: "/cameras/gate/stream"})
	if _, _, err := server.find(rotated); err != nil {
		t.Error(err)
	}
	keys, _ := command.Keys()
	if err := command.Revoke(keys[1].ID); err != nil {
		t.Fatal(err)
	}
	server.reload() // as Run does each second
	if _, _, err := server.find(link); err != error(errRevoked) || server.ended.Load() != 1 {
		t.Error(err, server.ended.Load())
	}
	if _, _, err := server.find(rotated); err != nil {
		t.Error(err)
	}
}

func TestProcessesThatSignForTheFirstTimeMakeOneKey(t *testing.T) {
	newLinks(t)
	var all sync.WaitGroup
	ids := make([]string, 8)
	for i := range ids {
		all.Go(func() {
			signed, err := another().Sign(Request{URL: "/cameras/gate/stream"})
			ids[i] = signed.Key
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if slices.Sort(ids); ids[0] == "" || ids[0] != ids[len(ids)-1] {
		t.Errorf("%q", ids)
	}
}

func TestKeysThatCannotBeReadStayInEffect(t *testing.T) {
	m := newLinks(t)
	link := m.sign(t, Request{URL: "/cameras/gate/stream"})
	path := filepath.Join(os.Getenv("STATE_DIRECTORY"), KeysFile)
	for _, content := range []string{"{", "[{}]", `[{"id": "A B", "secret": "x"}]`, strings.Repeat(" ", 1<<20)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := m.reload(); err == nil {
			t.Errorf("%.20q was read", content)
		}
		if _, _, err := m.find(link); err != nil || m.ended.Load() != 0 {
			t.Error(err)
		}
		if _, err := m.Rotate(); err == nil || strings.Contains(err.Error(), "secret\":") {
			t.Errorf("%.20q was replaced: %v", content, err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	m.reload()
	if _, _, err := m.find(link); err != error(errInvalid) || m.ended.Load() != 1 {
		t.Error(err, m.ended.Load())
	}
}

func TestKeysOfTheConfigurationTakeThePlaceOfOwnOnes(t *testing.T) {
	m := newLinks(t)
	own := m.sign(t, Request{URL: "/cameras/gate/stream"})
	second := "{id: second, secret: abcdef9876543210abcdef9876543210}"
	m.Configure(configured(t, "{id: first, secret: "+secretOfTests+"}"))
	if _, _, err := m.find(own); err != error(errInvalid) || m.ended.Load() != 1 {
		t.Error(err, m.ended.Load())
	}
	first := m.sign(t, Request{URL: "/cameras/gate/stream"})
	m.Configure(configured(t, second+", {id: first, secret: "+secretOfTests+"}"))
	if signed, _ := m.Sign(Request{URL: "/cameras/gate/stream"}); signed.Key != "second" {
		t.Errorf("%s signs", signed.Key)
	}
	if _, _, err := m.find(first); err != nil || m.ended.Load() != 1 {
		t.Error(err, m.ended.Load())
	}
	m.Configure(configured(t, second))
	if _, _, err := m.find(first); err != error(errInvalid) || m.ended.Load() != 2 {
		t.Error(err, m.ended.Load())
	}
	m.Configure(configured(t, "{id: second, secret: "+secretOfTests+"}"))
	if m.ended.Load() != 3 {
		t.Error("another secret under the same ID ends no rights")
	}
	if _, err := m.Rotate(); !errors.Is(err, ErrConfigured) {
		t.Error(err)
	}
	if err := m.Revoke("second"); !errors.Is(err, ErrConfigured) {
		t.Error(err)
	}
}

func TestSecretsOfKeysAreForTheirOwnerOnly(t *testing.T) {
	m := newLinks(t)
	m.sign(t, Request{URL: "/cameras/gate/stream"})
	info, err := os.Stat(filepath.Join(os.Getenv("STATE_DIRECTORY"), KeysFile))
	if err != nil || info.Mode() != 0o600 {
		t.Error(info.Mode(), err)
	}
}
