package edit

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/framegate/framegate/configs"
)

// save replaces a file as an editor does.
func save(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path+".tmp", []byte(text), 0o640), os.Rename(path+".tmp", path)); err != nil {
		t.Error(err)
	}
}

func TestWhatIsSavedDuringAChangeIsNotUndone(t *testing.T) {
	f := fileWith(t, twoCameras)
	const byHand = "# by hand\n" + twoCameras
	_, err := f.change(func(config *configs.Config, d *document) (outcome, error) {
		save(t, f.Path, byHand)
		return merging("a", Keys{{"fps", "5"}})(config, d)
	})
	if !errors.Is(err, ErrConflict) || contentOf(t, f) != byHand {
		t.Errorf("got %v and\n%s", err, contentOf(t, f))
	}
	if err := do(f, `patch a {"fps": 5}`); err != nil {
		t.Fatal(err)
	}
	if got := contentOf(t, f); !strings.HasPrefix(got, "# by hand\n") || !strings.Contains(got, "fps: 5") {
		t.Errorf("after the next change the file is\n%s", got)
	}
	files, err := os.ReadDir(filepath.Dir(f.Path))
	if err != nil || len(files) != 1 {
		t.Errorf("left behind: %v %v", files, err)
	}
}

// TestWhatIsSavedAtTheLastMomentIsPutBack exchanges the files when the one at the path has another content already.
func TestWhatIsSavedAtTheLastMomentIsPutBack(t *testing.T) {
	f := fileWith(t, "saved")
	fresh := f.Path + ".new"
	if err := os.WriteFile(fresh, []byte("changed"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := exchange(fresh, f.Path, []byte("before"), []byte("changed")); !errors.Is(err, ErrConflict) || contentOf(t, f) != "saved" {
		t.Errorf("got %v and %s", err, contentOf(t, f))
	}
	if err := exchange(fresh, f.Path, []byte("saved"), []byte("changed")); err != nil || contentOf(t, f) != "changed" {
		t.Errorf("got %v and %s", err, contentOf(t, f))
	}
}

func TestByteOrderMarkStays(t *testing.T) {
	const mark = "\uFEFF"
	f := fileWith(t, mark+twoCameras)
	for _, request := range []string{`patch a {"fps": 5}`, `post {"id": "c", "url": "test://ball"}`, `delete b`} {
		if err := do(f, request); err != nil {
			t.Fatal(err)
		}
		if got := contentOf(t, f); strings.Count(got, mark) != 1 || !strings.HasPrefix(got, mark) {
			t.Errorf("after %s: %q", request, got)
		}
	}
}

// TestFIFOIsNotOpened has a FIFO in the place of the file, which would be waited for with the lock of all changes held.
func TestFIFOIsNotOpened(t *testing.T) {
	f := fileWith(t, twoCameras)
	if err := errors.Join(os.Remove(f.Path), syscall.Mkfifo(f.Path, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := do(f, `patch a {"fps": 5}`); !errors.Is(err, ErrReadOnly) || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("got %v", err)
	}
	if _, err := f.Load(); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("got %v", err)
	}
}
