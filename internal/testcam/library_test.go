package testcam

import (
	"bytes"
	"os"
	"testing"
	"time"
)

func TestLoopIsTakenFromItsFolder(t *testing.T) {
	dir := t.TempDir()
	camera, err := Camera{Width: 160, Height: 96, Loop: time.Second}.withDefaults(0)
	if err != nil {
		t.Fatal(err)
	}
	first, second := library{dir: dir}, library{dir: dir}
	made, err := first.get(t.Context(), camera.picture())
	if err != nil {
		t.Fatal(err)
	}
	path := first.path(camera.picture())
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := second.get(t.Context(), camera.picture())
	if err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(path)
	if err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("it was encoded again: %v", err)
	}
	if len(kept.frames) != len(made.frames) || kept.format == nil {
		t.Fatalf("%d frames of %d", len(kept.frames), len(made.frames))
	}
	for i := range kept.frames {
		if !bytes.Equal(kept.frames[i].unit, made.frames[i].unit) || kept.frames[i].number != made.frames[i].number || len(kept.frames[i].packets) == 0 {
			t.Fatalf("frame %d differs", i)
		}
	}
	if err := os.WriteFile(path, []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	third := library{dir: dir}
	if _, err := third.get(t.Context(), camera.picture()); err == nil {
		t.Error("a broken file is no error")
	}
}
