package edit

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"
)

func TestFileWithoutKeysIsNotAppliedInPlaceOfOneWithKeys(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "a line end": "\n", "spaces": " \n\t\n", "comments": "# of the site\n\n  # all gone\n", "a byte order mark": "\uFEFF",
		"a document": "---\n", "a document with a comment": "---\n# gone\n", "null": "null\n", "a tilde": "~ # nothing\n",
	} {
		f := fileWith(t, twoCameras)
		if _, err := f.Load(); err != nil {
			t.Fatal(err)
		}
		f.Apply = func(*configs.Config) error {
			t.Errorf("%s: it was applied", name)
			return nil
		}
		var refused error
		f.Refuse = func(err error) { refused = err }
		if err := os.WriteFile(f.Path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Load(); err == nil || refused == nil || !strings.Contains(err.Error(), "cameras: []") {
			t.Errorf("%s: got %v", name, err)
		}
		if err := do(f, `post {"id": "c", "url": "test://clock"}`); !errors.Is(err, ErrNotInEffect) || contentOf(t, f) != text {
			t.Errorf("%s: %v, the file is %q", name, err, contentOf(t, f))
		}

		config, err := configs.Load(f.Path)
		if err != nil || !config.Blank {
			t.Fatalf("%s: %v", name, err)
		}
		fresh := &File{Path: f.Path, Start: config} // as at the start with such a file
		if _, err := fresh.Load(); err != nil {
			t.Errorf("%s, where nothing else was in effect: %v", name, err)
		}
	}
}

func TestListWithoutCamerasIsApplied(t *testing.T) {
	for _, text := range []string{"cameras: []\n", "{}\n", "listen: ':80'\n"} {
		f := fileWith(t, twoCameras)
		if _, err := f.Load(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.Path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if config, err := f.Load(); err != nil || len(config.Cameras) > 0 {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestFileThatBecomesEmptyBeforeItIsFirstLoadedIsNotChanged has a file that was read for the start, and emptied then.
func TestFileThatBecomesEmptyBeforeItIsFirstLoadedIsNotChanged(t *testing.T) {
	for _, text := range []string{"", "# mine\n"} {
		f := fileWith(t, twoCameras)
		start, err := configs.Load(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		f.Start = start
		if err := os.WriteFile(f.Path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := do(f, `post {"id": "c", "url": "test://clock"}`); !errors.Is(err, ErrNotInEffect) || contentOf(t, f) != text {
			t.Errorf("%v, the file is %q", err, contentOf(t, f))
		}
	}
}

func TestFileThatIsNotInEffectIsNotChanged(t *testing.T) {
	f := fileWith(t, twoCameras)
	var refused error
	f.Refuse = func(err error) { refused = err }
	if _, err := f.Load(); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty": "", "comments only": "# gone\n", "a fault": "cameras: [{id: gate}]\n", "half": twoCameras[:30], "no YAML": "\x00\x01",
	} {
		if err := os.WriteFile(f.Path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		refused = nil
		for _, request := range []string{`put c {"url": "test://clock"}`, `patch a {"disabled": true}`, `delete a`} {
			if err := do(f, request); !errors.Is(err, ErrNotInEffect) || refused == nil {
				t.Errorf("%s: %s: %v, refused %v", name, request, err, refused)
			}
		}
		if id, err := f.Add(Keys{{"id", "c"}, {"url", "test://clock"}}); id != "c" || !errors.Is(err, ErrNotInEffect) {
			t.Errorf("%s: added %q, %v", name, id, err)
		}
		if got := contentOf(t, f); got != text {
			t.Errorf("%s: the file is\n%s", name, got)
		}
	}
	if err := os.Remove(f.Path); err != nil {
		t.Fatal(err)
	}
	if err := do(f, `delete a`); !errors.Is(err, ErrNotInEffect) {
		t.Errorf("missing: %v", err)
	}
}

func TestNewContentIsAppliedBeforeItIsChanged(t *testing.T) {
	f := fileWith(t, twoCameras)
	var applied []int // how many cameras
	f.Apply = func(config *configs.Config) error {
		applied = append(applied, len(config.Cameras))
		return nil
	}
	if _, err := f.Load(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.Path, []byte(twoCameras+"  - id: c\n    url: test://ball\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := do(f, `put d {"url": "test://clock"}`); err != nil || !slices.Equal(applied, []int{2, 3, 4}) {
		t.Errorf("%v, applied %v", err, applied)
	}
}
