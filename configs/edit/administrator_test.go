package edit

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/framegate/framegate/internal/certificate/certificatetest"
)

const ofTheAdministrator = `cameras:
  - id: a
    url: rtsp://h/
    username: ${USER}
    password_file: ../secret
  - {id: b, url: 'file:///video.mp4', name: "${HOME}", overlay: {text: "${HOME}", name: true}}
`

func TestRequestNamesNeitherFilesNorVariables(t *testing.T) {
	for request, key := range map[string]string{
		`post {"id": "x", "url": "rtsp://h/", "username": "u", "password_file": "/dev/zero"}`: "password_file",
		`post {"id": "x", "url": "https://h/", "tls_ca": "/etc/shadow"}`:                      "tls_ca",
		`post {"id": "x", "url": "file:///etc/passwd"}`:                                       "url",
		`post {"id": "x", "url": "FILE:///etc/passwd"}`:                                       "url",
		`post {"id": "x", "url": "V4L2:///dev/watchdog"}`:                                     "url",
		`post {"id": "x", "url": "v4l2:///dev/watchdog"}`:                                     "url",
		`post {"id": "x", "url": "v4l2:///dev/v4l/by-id/../../watchdog"}`:                     "url",
		`post {"id": "x", "url": "rtsp://h/", "substream": "file:///etc/passwd"}`:             "substream",
		`post {"id": "x", "url": "test://ball", "name": "${HOME}"}`:                           "name",
		`post {"id": "x", "url": "rtsp://192.0.2.1/${HOME}"}`:                                 "url",
		`post {"id": "x", "url": "test://ball", "overlay": {"text": "$${A} ${HOME}"}}`:        "overlay",
		`post {"id": "x", "url": "test://ball", "masks": [{"x": "${HOME}"}]}`:                 "masks",
		`post {"id": "x", "url": "test://ball", "<<": {"password_file": "/etc/shadow"}}`:      "<<",
		`put x {"url": "test://ball", "name": "${HOME}"}`:                                     "name",
		`put a {"url": "rtsp://h/", "username": "u", "password_file": "other"}`:               "password_file",
		`put b {"url": "test://ball", "username": "${HOME}"}`:                                 "username",
		`patch a {"name": "${HOME}"}`:                                                         "name",
		`patch b {"overlay": {"text": "x${HOME}"}}`:                                           "overlay",
		`patch b {"url": "file:///else.mp4"}`:                                                 "url",
	} {
		t.Setenv("HOME", "1")
		t.Setenv("USER", "u")
		f := fileWith(t, strings.ReplaceAll(ofTheAdministrator, "    password_file: ../secret\n", "    password: p\n"))
		before := contentOf(t, f)
		var refused *AdministratorError
		if err := do(f, request); !errors.As(err, &refused) || refused.Key != key || contentOf(t, f) != before {
			t.Errorf("%s: got %v, want a refusal of %s", request, err, key)
		}
	}
}

func TestWhatTheAdministratorWroteStays(t *testing.T) {
	t.Setenv("HOME", "/root")
	t.Setenv("USER", "u")
	for _, request := range []string{
		`patch b {"fps": 5}`,
		`patch b {"overlay": {"name": false}}`,
		`patch b {"name": null}`,
		`patch b {"name": "$${HOME}"}`,
		`put b {"url": "file:///video.mp4", "name": "${HOME}"}`,
		`patch a {"url": "v4l2:///dev/video0", "username": null, "password": null}`,
		`post {"id": "x", "url": "0"}`,
	} {
		f := fileWith(t, strings.ReplaceAll(ofTheAdministrator, "    password_file: ../secret\n", "    password: p\n"))
		if err := do(f, request); err != nil {
			t.Errorf("%s: %v", request, err)
		}
	}
}

func TestCamerasAreChangedBesideACertificate(t *testing.T) {
	f := fileWith(t, "tls: {cert: cert.pem, key: key.pem}\ncameras: [{id: a, url: 'test://ball'}]\n")
	certificatetest.Write(t, filepath.Dir(f.Path))
	if err := do(f, `patch a {"fps": 5}`); err != nil {
		t.Error(err)
	}
}
