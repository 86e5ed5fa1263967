// Package standin lets tests pretend that this machine has hardware: it compiles a GStreamer plugin whose elements
// have the names, pads and properties of real ones, work in software, and fail on command. It is a plugin and not a
// part of a test binary, so that the framegate that people run finds it too, and so do the processes that it starts.
//
// What is proved with it is how framegate chooses, links and falls back. Of drivers it proves nothing.
package standin

import (
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

//go:embed plugin
var sources embed.FS

// Standins are installed stand-ins.
type Standins struct {
	dir  string
	only string
}

// Install compiles the plugin into a folder. platforms are those to stand in for, as they are named in a
// configuration, and elements to leave out, with a minus before their name.
func Install(dir string, platforms ...string) (Standins, error) {
	s := Standins{dir: dir, only: strings.Join(platforms, ",")}
	for _, name := range []string{"standin.c", "elements.h"} {
		text, err := sources.ReadFile("plugin/" + name)
		if err != nil {
			return s, err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return s, err
		}
	}
	flags, err := exec.Command("pkg-config", "--cflags", "--libs", "gstreamer-base-1.0").Output()
	if err != nil {
		return s, fmt.Errorf("pkg-config: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "plugin"), 0o755); err != nil {
		return s, err
	}
	args := append([]string{"-shared", "-fPIC", "-O1", "-Wall", "-o", filepath.Join(dir, "plugin", "libframegatestandin.so"), filepath.Join(dir, "standin.c")},
		strings.Fields(string(flags))...)
	if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		return s, fmt.Errorf("gcc: %w\n%s", err, out)
	}
	return s, os.MkdirAll(s.faults(), 0o755)
}

// Use installs stand-ins for a test, in the environment of its process and so of those that it starts.
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

// At are the stand-ins that are installed in a folder.
func At(dir string) Standins { return Standins{dir: dir} }

// Env is what the environment of a process needs to find the stand-ins.
func (s Standins) Env() []string {
	return []string{
		"GST_PLUGIN_PATH=" + filepath.Join(s.dir, "plugin"),
		"GST_REGISTRY=" + filepath.Join(s.dir, "registry.bin"),
		"FRAMEGATE_STANDIN=" + s.faults(),
		"FRAMEGATE_STANDIN_ONLY=" + s.only,
	}
}

// Fault makes all elements of a factory that are opened from now on faulty until the test ends or Heal is called:
// see plugin/standin.c.
func (s Standins) Fault(t testing.TB, factory, fault string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.faults(), factory), []byte(fault), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Heal(factory) })
}

// Contexts is the number of contexts that decoders of nvidia have made for themselves, in all processes.
func (s Standins) Contexts() int {
	made, _ := os.ReadFile(filepath.Join(s.faults(), "contexts"))
	return len(made)
}

// Heal takes a fault back.
func (s Standins) Heal(factory string) { os.Remove(filepath.Join(s.faults(), factory)) }

func (s Standins) faults() string { return filepath.Join(s.dir, "faults") }
