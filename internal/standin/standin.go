// Package standin lets tests pretend that this machine has hardware. It compiles a GStreamer plugin whose elements have the
// names, pads and properties of real ones, work in software, and fail on command. It is a plugin and not a part of a test
// binary, so that a real framegate finds it too, and so do the processes that framegate starts.
//
// Tests with it show how framegate chooses, links and falls back. They show nothing of drivers.
package standin

import (
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

//go:embed plugin
var sources embed.FS

// Standins are stand-ins that are installed in a folder.
type Standins struct {
	dir  string
	only string
}

// Install compiles the plugin into a folder. platforms lists the platforms to stand in for, by their names in a
// configuration, and elements to leave out, with a minus before their name.
func Install(dir string, platforms ...string) (Standins, error) {
	s := Standins{dir: dir, only: strings.Join(platforms, ",")}
	if err := os.CopyFS(dir, sources); err != nil {
		return s, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "plugin", "*.c"))
	if err != nil {
		return s, err
	}
	flags, err := exec.Command("pkg-config", "--cflags", "--libs", "gstreamer-base-1.0", "gstreamer-video-1.0").Output()
	if err != nil {
		return s, fmt.Errorf("pkg-config: %w", err)
	}
	args := slices.Concat([]string{"-shared", "-fPIC", "-O1", "-Wall", "-o", filepath.Join(dir, "plugin", "libframegatestandin.so")},
		files, strings.Fields(string(flags)))
	if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		return s, fmt.Errorf("gcc: %w\n%s", err, out)
	}
	return s, os.MkdirAll(s.faults(), 0o755)
}

// Use installs stand-ins for a test, in the environment of its process and of those that it starts.
func Use(t testing.TB, platforms ...string) Standins {
	t.Helper()
	s, err := Install(t.TempDir(), platforms...)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range s.Env() {
		name, value, _ := strings.Cut(entry, "=")
		t.Setenv(name, value)
	}
	return s
}

// At returns the stand-ins that are installed in a folder.
func At(dir string) Standins { return Standins{dir: dir} }

// Env returns the variables that a process needs to find the stand-ins.
func (s Standins) Env() []string {
	return []string{
		"GST_PLUGIN_PATH=" + filepath.Join(s.dir, "plugin"),
		"GST_REGISTRY=" + filepath.Join(s.dir, "registry.bin"),
		"FRAMEGATE_STANDIN=" + s.faults(),
		"FRAMEGATE_STANDIN_ONLY=" + s.only,
	}
}

// Fault makes all elements of a factory that are opened from now on faulty, until the test ends or Heal is called. The faults
// are listed in plugin/standin.c.
func (s Standins) Fault(t testing.TB, factory, fault string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.faults(), factory), []byte(fault), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Heal(factory) })
}

// Contexts is the number of contexts that decoders of platform nvidia have made for themselves, in all processes.
func (s Standins) Contexts() int {
	made, _ := os.ReadFile(filepath.Join(s.faults(), "contexts"))
	return len(made)
}

// Heal removes the fault of a factory.
func (s Standins) Heal(factory string) { os.Remove(filepath.Join(s.faults(), factory)) }

func (s Standins) faults() string { return filepath.Join(s.dir, "faults") }
