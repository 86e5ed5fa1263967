package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/onvif"
	"github.com/framegate/framegate/internal/onvif/onviftest"
)

// discoverOutput runs framegate discover.
func discoverOutput(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(binary, append([]string{"discover", "--for", "1s"}, args...)...)
	var out, failed strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &failed
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, failed.String())
	}
	return out.String(), failed.String()
}

// parsed reads what was printed as a configuration.
func parsed(t *testing.T, text string) configs.Camera {
	t.Helper()
	config, err := configs.Parse("discovered.yaml", []byte(text), func(name string) (string, bool) { return "secret", name == "CAMERA_PASSWORD" })
	if err != nil || len(config.Cameras) != 1 {
		t.Fatalf("%v\n%s", err, text)
	}
	return config.Cameras[0]
}

func TestDiscoveredCamerasCanBePastedIntoAConfiguration(t *testing.T) {
	camera := onviftest.Start(t, "a$b", "pass word")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("pass word\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := discoverOutput(t, "--at", camera.Discovery, "--user", "a$b", "--password-file", secret)
	got := parsed(t, out)
	if got.ID != "hikvision-gate" || got.Name != "HIKVISION Gate" || got.URL != "rtsp://127.0.0.1:8554/high?a=1&b=2" ||
		got.Substream != "rtsp://127.0.0.1:8554/low?a=1&b=2" || got.Username != "a$b" || got.Password != "secret" || !strings.Contains(out, "# 127.0.0.1 HIKVISION Gate DS-2CD2042\n") {
		t.Errorf("%+v\n%s", got, out)
	}

	out, _ = discoverOutput(t, "--at", camera.Discovery)
	if got := parsed(t, out); got.Vendor != "hikvision" || got.Host != "127.0.0.1" {
		t.Errorf("without a user: %+v\n%s", got, out)
	}
	if err := os.WriteFile(secret, []byte("wrong"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ = discoverOutput(t, "--at", camera.Discovery, "--user", "a$b", "--password-file", secret)
	if got := parsed(t, out); got.Vendor != "hikvision" || !strings.Contains(out, "# its streams are not known: it refuses the user or the password") {
		t.Errorf("with a wrong password: %+v\n%s", got, out)
	}
	out, _ = discoverOutput(t, "--at", camera.Discovery, "--json")
	var all []discovered
	if err := json.Unmarshal([]byte(out), &all); err != nil || len(all) != 1 || all[0].Model != "DS-2CD2042" {
		t.Errorf("%v %s", err, out)
	}
}

func TestDiscoveredCamerasHaveTheirOwnIDs(t *testing.T) {
	var out strings.Builder
	printDiscovered(&out, []discovered{
		{Device: onvif.Device{Host: "192.0.2.1", Name: "Yard: #1"}},
		{Device: onvif.Device{Host: "192.0.2.2", Name: "yard 1"}},
		{Device: onvif.Device{Host: "192.0.2.3", Name: "前门"}},
		{Device: onvif.Device{Host: "192.0.2.4", Name: strings.Repeat("x", 100)}},
		{Device: onvif.Device{Host: "192.0.2.5"}},
	}, "")
	config, err := configs.Parse("discovered.yaml", []byte(out.String()), nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	var ids []string
	for _, c := range config.Cameras {
		ids = append(ids, c.ID)
	}
	if want := "yard-1 yard-1-2 camera-192-0-2-3 " + strings.Repeat("x", 56) + " 192-0-2-5"; strings.Join(ids, " ") != want || config.Cameras[0].Name != "Yard: #1" {
		t.Errorf("%q\n%s", ids, out.String())
	}
}

func TestDiscoverSaysThatNoCameraAnswers(t *testing.T) {
	camera := onviftest.Start(t, "", "")
	out, complaint := discoverOutput(t, "--for", "1ms", "--at", strings.Replace(camera.Discovery, "127.0.0.1", "127.0.0.2", 1))
	if out != "" || !strings.Contains(complaint, "no camera answers") {
		t.Errorf("%q %q", out, complaint)
	}
	if err := exec.Command(binary, "discover", "--user", "ann").Run(); err == nil || err.(*exec.ExitError).ExitCode() != 2 {
		t.Errorf("a user without a password: %v", err)
	}
}
