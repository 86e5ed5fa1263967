package sessions

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth"
)

func TestSessionsOutlastARestartWithoutTheirTokensInTheFile(t *testing.T) {
	h := open(t)
	cookie := h.signIn(t, "ann")
	path := filepath.Join(os.Getenv("STATE_DIRECTORY"), file)
	text, err := os.ReadFile(path)
	if err != nil || bytes.Contains(text, []byte(cookie.Value)) {
		t.Errorf("%v: %s", err, text)
	}
	h.time = h.time.Add(2 * saveInterval)
	h.expect(t, cookie, "ann")
	h.restart()
	list := h.List(request(cookie), "ann")
	if len(list) != 1 || !list[0].Seen.Equal(h.time) {
		t.Errorf("%+v at %v", list, h.time)
	}
	h.expect(t, cookie, "ann")
	h.expect(t, &http.Cookie{Name: cookie.Name, Value: hashOf(cookie.Value)[:tokenLength]}, "")
}

func TestFileThatCannotBeReadIsNoSession(t *testing.T) {
	for _, text := range []string{"", "{", "[]", `{"sessions": [null, {}, {"token_sha256": "x", "user": "ann"}]}`, `{"sessions": 1}`} {
		h := open(t)
		if err := os.WriteFile(filepath.Join(os.Getenv("STATE_DIRECTORY"), file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		h.restart()
		if len(h.sessions) > 0 {
			t.Errorf("%s: %v", text, h.sessions)
		}
		h.expect(t, h.signIn(t, "ann"), "ann")
	}
}

func TestWithoutAStateDirectorySessionsEndWithTheProcess(t *testing.T) {
	h := open(t)
	t.Setenv("STATE_DIRECTORY", "/proc/none")
	cookie := h.signIn(t, "ann")
	h.expect(t, cookie, "ann")
	if !strings.Contains(h.log.String(), "sessions are not saved") || strings.Contains(h.log.String(), cookie.Value) {
		t.Error(h.log.String())
	}
	h.restart()
	h.expect(t, cookie, "")
}

func TestServerWithoutUsersLeavesTheFileAlone(t *testing.T) {
	h := open(t)
	cookie := h.signIn(t, "ann")
	demo := New(standinUsers{}, new(auth.Changes), slog.New(slog.DiscardHandler))
	demo.Configure(configs.Default())
	h.restart()
	h.expect(t, cookie, "ann")
}

func TestFullFileFitsIntoTheStateDirectory(t *testing.T) {
	h := open(t)
	name := strings.Repeat("n", 64)
	h.users[name] = "x"
	h.configure()
	for i := range maxInAll {
		token := hashOf(fmt.Sprint(i))
		h.sessions[token] = &session{
			Token: token, User: name, Stamp: strings.Repeat("s", 64), Address: "2001:db8:1111:2222:3333:4444:5555:6666",
			Browser: "Samsung Internet on Android", Since: h.time, Seen: h.time,
		}
	}
	h.signIn(t, "ann")
	if len(h.sessions) != maxInAll || h.log.Len() > 0 {
		t.Errorf("%d sessions; %s", len(h.sessions), h.log.String())
	}
}
