package loop

import (
	"bytes"
	"os"
	"testing"
)

func TestLoopIsTakenFromItsFolder(t *testing.T) {
	dir := t.TempDir()
	spec := Spec{Codec: H264, Width: 160, Height: 96, FPS: 25, Interval: 25, Length: 25, Bitrate: 200}
	first, second := Library{Dir: dir}, Library{Dir: dir}
	made, err := first.Get(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	path := first.path(spec)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := second.Get(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(path)
	if err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("it was encoded again: %v", err)
	}
	if len(kept.Frames) != len(made.Frames) || kept.Format == nil {
		t.Fatalf("%d frames of %d", len(kept.Frames), len(made.Frames))
	}
	for i := range kept.Frames {
		if !bytes.Equal(kept.Frames[i].Unit, made.Frames[i].Unit) || kept.Frames[i].Number != made.Frames[i].Number || len(kept.Frames[i].Packets) == 0 {
			t.Fatalf("frame %d differs", i)
		}
	}
	if err := os.WriteFile(path, []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	third := Library{Dir: dir}
	if _, err := third.Get(t.Context(), spec); err == nil {
		t.Error("a broken file is no error")
	}
}
