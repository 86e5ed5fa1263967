package state

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestDirIsSystemdsElseXDGsElseHomes(t *testing.T) {
	for _, test := range []struct{ systemd, xdg, home, want string }{
		{"/var/lib/framegate", "/xdg", "/home/ann", "/var/lib/framegate"},
		{"/var/lib/framegate:/var/lib/other", "/xdg", "/home/ann", "/var/lib/framegate"},
		{"", "/xdg", "/home/ann", "/xdg/framegate"},
		{"relative", "relative", "/home/ann", "/home/ann/.local/state/framegate"},
		{"", "", "/home/ann", "/home/ann/.local/state/framegate"},
		{"", "", "", ""},
	} {
		t.Setenv("STATE_DIRECTORY", test.systemd)
		t.Setenv("XDG_STATE_HOME", test.xdg)
		t.Setenv("HOME", test.home)
		if got, err := Dir(); got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%+v: %q, %v", test, got, err)
		}
	}
}

func TestCommandsUseTheDirectoryOfTheServiceOrSayThatTheyMayNot(t *testing.T) {
	defer func(path string) { service = path }(service)
	service = filepath.Join(t.TempDir(), "framegate")
	expect := func(what, systemd, xdg, want string) {
		t.Helper()
		t.Setenv("STATE_DIRECTORY", systemd)
		t.Setenv("XDG_STATE_HOME", xdg)
		t.Setenv("HOME", "/home/ann")
		err := UseService()
		if want == "" {
			if err == nil || !strings.Contains(err.Error(), service) || !strings.Contains(err.Error(), "STATE_DIRECTORY=/home/ann/.local/state/framegate ") {
				t.Errorf("%s: %v", what, err)
			}
			return
		}
		if got, dirErr := Dir(); got != want || err != nil || dirErr != nil {
			t.Errorf("%s: %q, want %q, %v, %v", what, got, want, err, dirErr)
		}
	}
	expect("without it", "", "", "/home/ann/.local/state/framegate")
	expect("without it, and with XDG's", "", "/xdg", "/xdg/framegate")
	if err := os.Mkdir(service, 0o700); err != nil {
		t.Fatal(err)
	}
	expect("with one that is named", "/srv/framegate", "", "/srv/framegate")
	expect("as its owner", "", "", service)
	expect("as its owner, with XDG's", "", "/xdg", service)
	if os.Geteuid() != 0 {
		return // only root can make a directory of another account
	}
	if err := os.Chown(service, 4321, 4322); err != nil {
		t.Fatal(err)
	}
	expect("as root", "", "", service)
	if err := os.Chmod(filepath.Dir(service), 0o755); err != nil {
		t.Fatal(err)
	}
	asAnotherUser(t, func() { expect("as another user", "", "", "") })
	if err := os.Chmod(filepath.Dir(service), 0o700); err != nil {
		t.Fatal(err)
	}
	asAnotherUser(t, func() { expect("as another user, who cannot look there", "", "", "") })
}

// asAnotherUser runs a function with an effective user ID that owns nothing.
func asAnotherUser(t *testing.T, do func()) {
	t.Helper()
	if err := syscall.Seteuid(4399); err != nil {
		t.Fatal(err)
	}
	defer syscall.Seteuid(0)
	do()
}

func TestFileThatRootWritesBelongsToTheOwnerOfTheFolder(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only root gives files away")
	}
	dir := t.TempDir()
	if err := os.Chown(dir, 4321, 4322); err != nil {
		t.Fatal(err)
	}
	t.Setenv("STATE_DIRECTORY", dir)
	if err := Update("keys", func([]byte) ([]byte, error) { return []byte("x"), nil }); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"keys", "keys.lock"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 4321 || owner.Gid != 4322 {
			t.Errorf("%s belongs to %d:%d", name, owner.Uid, owner.Gid)
		}
	}
}

func TestFilesAreForTheirOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "var", "framegate")
	t.Setenv("STATE_DIRECTORY", dir)
	if _, err := ReadFile("keys"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	for _, content := range []string{"one", "two"} {
		if err := WriteFile("keys", []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadFile("keys"); string(got) != content || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	}
	for path, want := range map[string]os.FileMode{dir: 0o700 | os.ModeDir, filepath.Join(dir, "keys"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("%v is left in the folder", files)
	}
}

func TestFilesOfStateAreRegularAndOfBoundedSize(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("STATE_DIRECTORY", dir)
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "large"), make([]byte, maxSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"fifo", "large", "", ".", "..", "../keys", "a/b", "/etc/passwd", ".hidden"} {
		if content, err := ReadFile(name); err == nil {
			t.Errorf("%q: %d bytes", name, len(content))
		}
	}
	for _, name := range []string{"", "..", "../keys", "a/b"} {
		if err := WriteFile(name, nil); err == nil {
			t.Errorf("%q was written", name)
		}
	}
	if err := WriteFile("large", make([]byte, maxSize+1)); err == nil {
		t.Error("a file was written that cannot be read")
	}
}

func TestUpdatesOfAFileHappenOneAfterAnother(t *testing.T) {
	t.Setenv("STATE_DIRECTORY", t.TempDir())
	const updates = 50
	var all sync.WaitGroup
	for range updates {
		all.Go(func() {
			err := Update("count", func(before []byte) ([]byte, error) {
				n, _ := strconv.Atoi(string(before))
				return []byte(strconv.Itoa(n + 1)), nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got, err := ReadFile("count"); string(got) != strconv.Itoa(updates) || err != nil {
		t.Errorf("%s, %v", got, err)
	}
}

func TestUpdateThatFailsWritesNothing(t *testing.T) {
	t.Setenv("STATE_DIRECTORY", t.TempDir())
	wrong := errors.New("wrong")
	if err := Update("keys", func([]byte) ([]byte, error) { return []byte("x"), wrong }); !errors.Is(err, wrong) {
		t.Error(err)
	}
	if _, err := ReadFile("keys"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if err := Update("keys", func(before []byte) ([]byte, error) {
		if before != nil {
			t.Errorf("%q", before)
		}
		return []byte(strings.Repeat("x", 10)), nil
	}); err != nil {
		t.Error(err)
	}
}
