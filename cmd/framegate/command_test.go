package main

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/certificate/certificatetest"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
)

func TestCheckWarnsOfSecretsThatEverybodyMayRead(t *testing.T) {
	path := config(t, "cameras: [{id: gate, url: 'rtsp://u:hunter2@h/'}]\n")
	for mode, warns := range map[os.FileMode]bool{0o600: false, 0o644: true} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		stdout, stderr, status := run(t, "check", path)
		if status != 0 || !strings.Contains(stdout, "ok, 1 camera") || strings.Contains(stderr, "every user of this machine can read") != warns || strings.Contains(stderr, "hunter2") {
			t.Errorf("mode %o: status %d, %s%s", mode, status, stdout, stderr)
		}
	}
}

func TestCheckWarnsOfACertificateThatEndsWithinAWeek(t *testing.T) {
	for left, warns := range map[time.Duration]bool{8 * 24 * time.Hour: false, 6 * 24 * time.Hour: true, -time.Hour: true} {
		path := config(t, "tls: {cert: cert.pem, key: key.pem}\ncameras: []\n")
		certificatetest.WriteUntil(t, filepath.Dir(path), time.Now().Add(left))
		stdout, stderr, status := run(t, "check", path)
		if status != 0 || !strings.Contains(stdout, "ok, 0 cameras") || strings.Contains(stderr, "the certificate ends soon or has ended: renew it (cert.pem, ") != warns {
			t.Errorf("%v before the end: status %d, %s%s", left, status, stdout, stderr)
		}
	}
}

func TestCheckPrintsEveryFaultWithItsPlace(t *testing.T) {
	files, err := filepath.Glob("../../configs/testdata/broken/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	t.Setenv("NO_SUCH_VARIABLE", "")
	os.Unsetenv("NO_SUCH_VARIABLE")
	for _, file := range files {
		_, stderr, status := run(t, "check", file)
		content, _ := os.ReadFile(file)
		first, _, _ := strings.Cut(string(content), "\n")
		place, _, _ := strings.Cut(strings.TrimPrefix(first, "# want: "), " ")
		if status != 1 || !strings.HasPrefix(stderr, file+":"+place+": ") {
			t.Errorf("%s: status %d, %s", file, status, stderr)
		}
	}
	if stdout, stderr, status := run(t, "check", "../../configs/example.yaml"); status != 0 || !strings.Contains(stdout, "ok, 11 cameras") {
		t.Errorf("status %d, %s%s", status, stdout, stderr)
	}
}

func TestProbePrintsWhatACameraSendsOrWhyItDoesNot(t *testing.T) {
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360, FPS: 10, Username: "admin", Password: "right"})
	host := cameras.Address()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()

	stdout, stderr, status := run(t, "probe", "--json", "rtsp://admin:right@"+host+"/cam1")
	var found probed
	if err := json.Unmarshal([]byte(stdout), &found); err != nil || status != 0 {
		t.Fatalf("status %d, %v, %s%s", status, err, stdout, stderr)
	}
	if found.Codec != "h264" || found.Width != 640 || found.Height != 360 || found.FPS < 9.5 || found.FPS > 10.5 ||
		found.KeyframeInterval < 0.9 || found.KeyframeInterval > 1.1 || found.Plan.Decoder == "" {
		t.Errorf("%+v", found)
	}
	for url, want := range map[string]string{
		"rtsp://admin:wrong@" + host + "/cam1":    "framegate: 401 from " + host + ": check username and password\n",
		"rtsp://admin:right@" + host + "/nowhere": "framegate: 404 from " + host + ": it has no stream /nowhere\n",
		"rtsp://" + closed.Addr().String() + "/x": "framegate: connect to " + closed.Addr().String() + ": connection refused\n",
		"rtsp://host/a b":                         "framegate: the URL has a space; write %20\n",
	} {
		if stdout, stderr, status := run(t, "probe", "--timeout", "5s", url); status != 1 || stderr != want {
			t.Errorf("%s: status %d, %q%q, want %q", url, status, stdout, stderr, want)
		}
	}
}

func TestCommandLine(t *testing.T) {
	for _, c := range []struct {
		args   []string
		status int
		part   string
	}{
		{[]string{"version"}, 0, "framegate "},
		{[]string{"hardware"}, 0, "software  h264   works"},
		{[]string{"hardware", "--json"}, 0, `"status": "works"`},
		{[]string{"--help"}, 0, "Commands:"},
		{[]string{"paint"}, 2, "unexpected argument paint"},
		{[]string{"check"}, 2, "expected \"<file>\""},
		{[]string{"serve", "--colour"}, 2, "unknown flag --colour"},
		{[]string{"serve", "--config", "/nowhere.yaml"}, 1, "no such file"},
		{[]string{"serve", "--config", "../../configs/testdata/broken/enum.yaml"}, 1, ":5:16: "},
	} {
		stdout, stderr, status := run(t, c.args...)
		if status != c.status || !strings.Contains(stdout+stderr, c.part) {
			t.Errorf("%v: status %d, %s%s", c.args, status, stdout, stderr)
		}
	}
}

func TestServeWithoutConfigurationSaysWhereItLooked(t *testing.T) {
	if _, err := os.Stat("/etc/framegate/framegate.yaml"); err == nil {
		t.Skip("SKIPPED: this machine has /etc/framegate/framegate.yaml, which serve would take")
	}
	t.Chdir(t.TempDir())
	t.Setenv("FRAMEGATE_CONFIG", "")
	for _, args := range [][]string{{"serve"}, {}} {
		stdout, stderr, status := run(t, args...)
		if status != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "framegate: no configuration") {
			t.Errorf("%q: status %d, %s%s", args, status, stdout, stderr)
		}
		for _, part := range []string{"$FRAMEGATE_CONFIG", "./framegate.yaml", "/etc/framegate/framegate.yaml", "--config", "framegate demo"} {
			if !strings.Contains(stderr, part) {
				t.Errorf("%q does not name %s: %s", args, part, stderr)
			}
		}
	}
}

func TestVersionFlagPrintsWhatVersionPrints(t *testing.T) {
	byCommand, _, _ := run(t, "version")
	byFlag, stderr, status := run(t, "--version")
	if byFlag != byCommand || stderr != "" || status != 0 {
		t.Errorf("status %d, %q, not %q; %s", status, byFlag, byCommand, stderr)
	}
}
