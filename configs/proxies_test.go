package configs

import (
	"strings"
	"testing"
)

func TestFaultsOfProxiesAreFound(t *testing.T) {
	const trusted = "trusted_proxies: [127.0.0.1]\n"
	for text, want := range map[string]string{
		"trusted_proxies: [proxy.example]":         "must be an address",
		"trusted_proxies: ['10.0.0.0/40']":         "must be an address",
		"trusted_proxies: ['fe80::1%eth0']":        "must be an address",
		"trusted_proxies: ['::ffff:10.0.0.0/104']": "must be an address",
		"base_path: cams":                          "must be a path",
		"base_path: /cams/":                        "must be a path",
		"base_path: /../cams":                      "must be a path",
		"base_path: //evil.example":                "must be a path",
		"base_path: '/a b'":                        "must be a path",
		"auth: {proxy: {user_header: Remote-User, secret: 0123456789abcdef}}":                                   "needs trusted_proxies",
		trusted + "auth: {proxy: {user_header: Remote-User}}":                                                   "at least 16",
		trusted + "auth: {proxy: {user_header: Remote-User, secret: short-marker}}":                             "12 bytes",
		trusted + "auth: {proxy: {user_header: 'Remote User', secret: 0123456789abcdef}}":                       "name of a header",
		trusted + "auth: {proxy: {secret: 0123456789abcdef}}":                                                   "no user_header",
		trusted + "auth: {proxy: {role_header: Remote-Role}}":                                                   "no user_header",
		trusted + "auth: {proxy: {user_header: Remote-User, secret: 0123456789abcdef, admin_groups: [admins]}}": "without groups_header",
		trusted + "auth: {proxy: {user_header: Remote-User, secret: 0123456789abcdef, default_role: root}}":     "one of",
	} {
		_, err := parse(t, text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
		if err != nil && (strings.Contains(err.Error(), "short-marker") || strings.Contains(err.Error(), "0123456789abcdef")) {
			t.Errorf("the fault quotes the secret: %v", err)
		}
	}
}

func TestTrustedProxiesAreAddressesNetworksAndUnixSockets(t *testing.T) {
	config := mustParse(t, "trusted_proxies: [192.0.2.1, 10.1.0.0/8, '2001:db8::/32', '::1', unix]\nbase_path: /site/cams-1\n")
	for remote, want := range map[string]bool{
		"192.0.2.1:80": true, "192.0.2.2:80": false, "10.9.9.9:1": true, "11.0.0.1:1": false, "[2001:db8:1::5]:80": true,
		"[::1]:80": true, "127.0.0.1:80": false, "[::ffff:10.0.0.1]:80": true, "@": false, "": false,
	} {
		if got := config.Proxies.Trust(remote, nil); got != want {
			t.Errorf("%s: %v", remote, got)
		}
	}
	if !config.Proxies.Unix || Default().Proxies.Unix || Default().Proxies.Trust("127.0.0.1:80", nil) {
		t.Error("Unix sockets")
	}
}
