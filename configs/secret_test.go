package configs

import (
	"os"
	"path/filepath"
	"testing"
)

func TestConfigurationWithSecretsThatEverybodyMayReadIsExposed(t *testing.T) {
	const secret = "0123456789abcdef0123456789abcdef"
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "secret"), []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SECRET", secret)
	path := filepath.Join(folder, "site.yaml")
	for text, exposed := range map[string]bool{
		"auth: {users: [{name: ann, password_hash: '$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$MTIzNDU2Nzg5MDEyMzQ1Ng'}]}": true,
		"auth: {jwt: {secret: " + secret + "}}":                                                                true,
		"auth: {jwt: {secret: '${SECRET}'}}":                                                                   false,
		"auth: {jwt: {secret_file: secret}}":                                                                   false,
		"auth: {link_keys: [{id: wall, secret: " + secret + "}]}":                                              true,
		"auth: {link_keys: [{id: wall, secret_file: secret}]}":                                                 false,
		"trusted_proxies: [unix]\nauth: {proxy: {user_header: Remote-User, secret: " + secret + "}}":           true,
		"cameras: [{id: gate, url: 'rtsp://u:hunter2@h/'}]":                                                    true,
		"cameras: [{id: gate, url: 'rtsp://h/', username: u, password: hunter2}]":                              true,
		"cameras: [{id: gate, url: 'rtsp://u:${SECRET}@h/'}]":                                                  false,
		"cameras: [{id: gate, url: 'rtsp://h/', username: u, password_file: secret}]":                          false,
		"cameras: [{id: gate, vendor: axis, host: h, username: u, password: hunter2}]":                         true,
		"cameras: [{id: gate, url: 'rtsp://h/', substream: 'rtsp://u:hunter2@h/2'}]":                           true,
		"cameras: [{id: gate, url: 'rtsp://h/', substream: 'rtsp://u:${SECRET}@h/2'}]":                         false,
		"cameras: [{id: gate, url: 'rtsp://h/', username: u, password_file: secret, substream: 'rtsp://h/2'}]": false,
		"cameras: [{id: gate, url: 'http://h/video.cgi?user=u&pwd=hunter2'}]":                                  true,
		"cameras: [{id: gate, url: 'http://h/video.cgi?user=u&pwd=${SECRET}'}]":                                false,
		"cameras: [{id: gate, url: 'rtsp://h/user=u_password=hunter2_channel=1'}]":                             true,
		"auth: {open: true}\ncameras: [{id: gate, url: 'rtsp://h/'}]":                                          false,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err != nil {
			t.Error(err)
		}
		for mode, may := range map[os.FileMode]bool{0o600: false, 0o640: false, 0o644: true, 0o604: true} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			if got := IsExposed(path); got != (exposed && may) {
				t.Errorf("%s with the mode %o: %v", text, mode, got)
			}
		}
	}
}
