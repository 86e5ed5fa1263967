package app

import (
	"net"
	"testing"

	"github.com/framegate/framegate/configs"
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
		if got := letsIn(config); got != want || isClosed(config) != (want == "this machine") {
			t.Errorf("%q lets in %q", auth, got)
		}
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
