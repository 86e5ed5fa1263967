package app

import (
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/health"
	"github.com/framegate/framegate/internal/logging"
)

func TestLogSaysWhoIsLetIn(t *testing.T) {
	for auth, want := range map[string]string{
		"": "this machine", "auth: {open: true}": "everybody", "auth: {open: false}": "this machine",
		"auth: {open: true, jwt: {secret: 0123456789abcdef0123456789abcdef}}":                               "everybody, tokens",
		"auth: {link_keys: [{id: wall, secret: 0123456789abcdef0123456789abcdef}]}":                         "links",
		"trusted_proxies: [192.0.2.1]\nauth: {proxy: {user_header: Remote-User, secret: 0123456789abcdef}}": "users of a proxy",
	} {
		config, err := configs.Parse("test.yaml", []byte(auth+"\n"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := letsIn(config); got != want || isLocal(config) != (want == "this machine") {
			t.Errorf("%q lets in %q", auth, got)
		}
	}
}

// TestConfigurationFromBeforeAuthIsServedAndTheLogSaysWhatItNeeds has keys that framegate had before it had auth.
func TestConfigurationFromBeforeAuthIsServedAndTheLogSaysWhatItNeeds(t *testing.T) {
	a := serve(t, `
listen: ":8080"
log_level: info
cors_origins: []
max_viewers: 2000
max_viewers_per_address: 0
editable: true
defaults: {scale: 0.25, quality: 80, idle_timeout: 10s, connect: on_demand, transport: tcp, hardware: auto, overlay: {name: true}}
x-small: &small {width: 480, fps: 10}
cameras:
  - {id: gate, url: 'test://smpte', <<: *small}
`)
	var text strings.Builder
	a.log = logging.New(&text, "text", slog.LevelWarn)
	for address, lines := range map[string]int{"0.0.0.0": 1, "127.0.0.1": 0} {
		text.Reset()
		a.announce([]health.Target{{At: &net.TCPAddr{IP: net.ParseIP(address), Port: 8080}}}, []string{"http://" + address + ":8080/"})
		if !a.log.Flush(time.Minute) {
			t.Fatal("the log is not written")
		}
		if strings.Count(text.String(), "\n") != lines || lines > 0 && !strings.Contains(text.String(), "framegate user add NAME --admin") {
			t.Errorf("%s: %s", address, text.String())
		}
	}
	if ids := a.ids(); len(ids) != 1 || ids[0] != "gate" {
		t.Errorf("%v are served", ids)
	}
}

func TestOthersReachAddressesThatAreNotLoopback(t *testing.T) {
	for address, want := range map[string]bool{"127.0.0.1:80": false, "[::1]:80": false, "[::]:80": true, "0.0.0.0:80": true, "192.0.2.1:80": true} {
		tcp, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if isReachable(tcp) != want {
			t.Errorf("%s: %v", address, !want)
		}
	}
	if isReachable(&net.UnixAddr{Name: "/run/framegate.sock", Net: "unix"}) {
		t.Error("others reach a Unix socket")
	}
}
