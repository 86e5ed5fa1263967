package edit

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
)

const twoCameras = "cameras: # of the site\n  - id: a\n    url: test://ball\n  - id: b # the second\n    url: test://ball\n"

func TestChangeIsInTheFileAndApplied(t *testing.T) {
	f := fileWith(t, twoCameras)
	var applied *configs.Config
	f.Apply = func(config *configs.Config) error {
		applied = config
		return nil
	}
	for _, step := range []struct {
		request string
		see     func(*configs.Config) bool
	}{
		{`patch a {"disabled": true}`, func(c *configs.Config) bool { return c.Cameras[0].Disabled }},
		{`patch a {"disabled": null}`, func(c *configs.Config) bool { return !c.Cameras[0].Disabled }},
		{`put c {"url": "test://clock"}`, func(c *configs.Config) bool { return len(c.Cameras) == 3 && c.Cameras[2].ID == "c" }},
		{`delete c`, func(c *configs.Config) bool { return len(c.Cameras) == 2 }},
	} {
		if err := do(f, step.request); err != nil {
			t.Fatal(err)
		}
		config, err := configs.Load(f.Path)
		if err != nil || !step.see(config) {
			t.Errorf("after %s: %v\n%s", step.request, err, contentOf(t, f))
		}
		if !reflect.DeepEqual(applied, config) {
			t.Errorf("after %s the file has %+v, and %+v was applied", step.request, config, applied)
		}
	}
	if got := contentOf(t, f); got != twoCameras {
		t.Errorf("after all changes were undone the file is\n%s", got)
	}
}

func TestReplaceReportsWhetherTheCameraIsNew(t *testing.T) {
	f := fileWith(t, twoCameras)
	for _, want := range []bool{true, false} {
		created, err := f.Replace("c", keysOf(t, `{"url": "test://ball"}`))
		if err != nil || created != want {
			t.Errorf("%v %v, want created %v", created, err, want)
		}
	}
	if created, err := f.Replace("d", Keys{}); created || err == nil {
		t.Errorf("created %v, %v", created, err)
	}
}

func TestChangeOfReadOnlyFileIsRefusedWithTheReason(t *testing.T) {
	unchanged := func(f *File, reason string) {
		t.Helper()
		before := contentOf(t, f)
		err := do(f, `patch a {"fps": 5}`)
		if !errors.Is(err, ErrReadOnly) || !strings.Contains(err.Error(), reason) || contentOf(t, f) != before {
			t.Errorf("got %v, want %q", err, reason)
		}
	}
	f := fileWith(t, twoCameras)
	if err := os.Chmod(f.Path, 0o444); err != nil {
		t.Fatal(err)
	}
	unchanged(f, "nobody may write")

	// As Kubernetes mounts a ConfigMap.
	dir := t.TempDir()
	link := filepath.Join(dir, "site.yaml")
	for _, err := range []error{
		os.Mkdir(filepath.Join(dir, "..2026_11_24"), 0o755),
		os.WriteFile(filepath.Join(dir, "..2026_11_24", "site.yaml"), []byte(twoCameras), 0o644),
		os.Symlink("..2026_11_24", filepath.Join(dir, "..data")),
		os.Symlink("..data/site.yaml", link),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	unchanged(&File{Path: link}, "Kubernetes")
}

// TestFolderOfAnotherUserIsReadOnly makes the change as a user who may write the file but not its folder.
func TestFolderOfAnotherUserIsReadOnly(t *testing.T) {
	if path := os.Getenv("FRAMEGATE_TEST_AS_NOBODY"); path != "" {
		fmt.Println(do(&File{Path: path}, `patch a {"fps": 5}`))
		return
	}
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: only root can become another user")
	}
	dir, err := os.MkdirTemp("/var/tmp", "framegate")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "site.yaml")
	if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(path, []byte(twoCameras), 0o600), os.Chown(path, 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	self := filepath.Join(dir, "test") // where another user can read it
	program, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = os.WriteFile(self, program, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self, "-test.run", "^TestFolderOfAnotherUserIsReadOnly$")
	child.Dir = dir
	child.Env = append(os.Environ(), "FRAMEGATE_TEST_AS_NOBODY="+path)
	child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := child.CombinedOutput()
	if err != nil || !strings.Contains(string(out), ErrReadOnly.Error()+": ") || !strings.Contains(string(out), "permission denied") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestLinkModeAndOwnerStay(t *testing.T) {
	f := fileWith(t, twoCameras)
	if os.Getuid() == 0 {
		if err := os.Chown(f.Path, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.Stat(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link.yaml")
	if err := os.Symlink(f.Path, link); err != nil {
		t.Fatal(err)
	}
	if err := do(&File{Path: link}, `patch a {"fps": 5}`); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link became %v %v", info, err)
	}
	after, err := os.Stat(f.Path)
	if err != nil || os.SameFile(before, after) {
		t.Fatalf("the file was written in place or not at all: %v", err)
	}
	was, is := before.Sys().(*syscall.Stat_t), after.Sys().(*syscall.Stat_t)
	if before.Mode() != after.Mode() || was.Uid != is.Uid || was.Gid != is.Gid {
		t.Errorf("%v %d:%d became %v %d:%d", before.Mode(), was.Uid, was.Gid, after.Mode(), is.Uid, is.Gid)
	}
}

// TestRootIsNotLedElsewhere has links as an account could make them that may write the folder of its configuration, and others.
func TestRootIsNotLedElsewhere(t *testing.T) {
	dir := t.TempDir()
	elsewhere, open, own := filepath.Join(dir, "elsewhere"), filepath.Join(dir, "open"), filepath.Join(dir, "own")
	for _, folder := range []string{elsewhere, open, own, filepath.Join(open, "below")} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for path, target := range map[string]string{
		open + "/absolute.yaml": elsewhere + "/site.yaml",
		open + "/relative.yaml": "../elsewhere/site.yaml",
		open + "/below.yaml":    "below/site.yaml",
		open + "/folder":        elsewhere,
		open + "/up":            "..",
		open + "/same.yaml":     "site.yaml",
		open + "/twice.yaml":    "absolute.yaml",
		own + "/away.yaml":      elsewhere + "/site.yaml",
		own + "/through.yaml":   open + "/relative.yaml",
		own + "/same.yaml":      open + "/same.yaml",
		own + "/loop.yaml":      "loop.yaml",
	} {
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{elsewhere, open, open + "/below"} {
		if err := os.WriteFile(folder+"/site.yaml", []byte(twoCameras), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	for path, led := range map[string]bool{
		"open/absolute.yaml": true, "open/relative.yaml": true, "open/below.yaml": true, "open/folder/site.yaml": true, "open/up/elsewhere/site.yaml": true,
		"open/same.yaml": false, "open/twice.yaml": true, "open/site.yaml": false, "own/away.yaml": false, "own/through.yaml": true, "own/same.yaml": false,
		"own/loop.yaml": true, "elsewhere/site.yaml": false, "own/../open/./relative.yaml": true,
	} {
		path = dir + "/" + path
		_, err := followLinks(path)
		if errors.Is(err, ErrReadOnly) != led || !led && err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if os.Geteuid() == 0 && led && !strings.HasSuffix(path, "loop.yaml") {
			if err := do(&File{Path: path}, `patch a {"fps": 5}`); !errors.Is(err, ErrReadOnly) {
				t.Errorf("%s is changed: %v", path, err)
			}
		}
	}
	if text, err := os.ReadFile(elsewhere + "/site.yaml"); err != nil || string(text) != twoCameras {
		t.Errorf("%v %s", err, text)
	}
}

func TestSimultaneousChangesAreAllKept(t *testing.T) {
	f := fileWith(t, "")
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if err := do(f, fmt.Sprintf(`post {"id": "c%d", "url": "test://ball"}`, i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	config, err := configs.Load(f.Path)
	if err != nil || len(config.Cameras) != 20 {
		t.Errorf("%v\n%s", err, contentOf(t, f))
	}
}

// TestKilledWriterLeavesAWholeFile kills processes that change the file without pause, while this one reads it: the file always
// has one of the configurations as a whole.
func TestKilledWriterLeavesAWholeFile(t *testing.T) {
	if path := os.Getenv("FRAMEGATE_TEST_WRITER"); path != "" {
		write(path)
		return
	}
	f := fileWith(t, writerBase())
	whole := map[string]bool{}
	for _, request := range []string{`put extra {"url": "test://ball"}`, `patch extra {"name": "Extra"}`, `delete extra`} {
		whole[contentOf(t, f)] = true
		if err := do(f, request); err != nil {
			t.Fatal(err)
		}
	}
	done, reads := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		for {
			select {
			case <-done:
				reads <- n
				return
			default:
			}
			content, err := os.ReadFile(f.Path)
			if err != nil || !whole[string(content)] {
				t.Errorf("half-written: %v\n%s", err, content)
			}
			n++
		}
	}()
	for i := range 40 {
		child := exec.Command(os.Args[0], "-test.run", "^TestKilledWriterLeavesAWholeFile$")
		child.Env = append(os.Environ(), "FRAMEGATE_TEST_WRITER="+f.Path)
		out, err := child.StdoutPipe()
		if err == nil {
			err = child.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		bufio.NewReader(out).ReadString('\n')                 // it has begun to write
		time.Sleep(time.Duration(i) * 731 * time.Microsecond) // to kill each at another step
		child.Process.Kill()
		child.Wait()
		if _, err := configs.Load(f.Path); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	t.Logf("read %d times", <-reads)

	if err := do(f, `put extra {"url": "test://ball", "fps": 5}`); err != nil {
		t.Fatal(err)
	}
	if files, _ := os.ReadDir(filepath.Dir(f.Path)); len(files) != 1 {
		t.Errorf("there are leftovers: %v", files)
	}
}

// writerBase returns a configuration so long that the disk takes several writes for it.
func writerBase() string {
	var b strings.Builder
	b.WriteString("cameras:\n")
	for i := range 64 {
		fmt.Fprintf(&b, "  # camera %d\n  - id: c%d\n    url: test://ball\n", i, i)
	}
	return b.String()
}

// write changes a file until the process is killed.
func write(path string) {
	f := &File{Path: path}
	for i := 0; ; i++ {
		for _, request := range []string{`put extra {"url": "test://ball"}`, `patch extra {"name": "Extra"}`, `delete extra`} {
			if err := do(f, request); err != nil && !errors.Is(err, ErrNoCamera) {
				panic(err)
			}
			if i == 0 {
				fmt.Println("writing")
			}
		}
	}
}
