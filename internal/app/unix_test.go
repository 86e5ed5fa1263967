package app

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/framegate/framegate/configs"
)

// leftOver leaves a socket at a path at which nobody listens, as after a crash.
func leftOver(t *testing.T, path string) {
	t.Helper()
	crashed, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	crashed.SetUnlinkOnClose(false)
	crashed.Close()
}

func TestOneOfSeveralStartsTakesOverASocketThatIsLeftOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "framegate.sock")
	for range 20 {
		leftOver(t, path)
		var all sync.WaitGroup
		listening := make(chan net.Listener, 8)
		for range cap(listening) {
			all.Go(func() {
				l, err := listenUnix(configs.Socket{Path: path})
				if err == nil {
					listening <- l
				} else if !errors.Is(err, syscall.EADDRINUSE) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if len(listening) != 1 {
			t.Fatalf("%d listen", len(listening))
		}
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		(<-listening).Close()
	}
}

func TestSocketOfAnotherProcessStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "framegate.sock")
	l, err := listenUnix(configs.Socket{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := listenUnix(configs.Socket{Path: path}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a second framegate: %v", err)
	}
	other, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	l.Close()
	l.Close()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("after framegate has ended: %v", err)
	}
	conn.Close()
}

func TestSocketHasItsModeAndGroupAndIsNeverOpenToOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "framegate.sock")
	defer syscall.Umask(syscall.Umask(0)) // which takes nothing away
	made, err := makeSocket(configs.Socket{Path: path, Mode: 0o662})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("before it has its group: %v %v", info.Mode(), err)
	}
	made.Close()
	os.Remove(path)

	groups, err := os.Getgroups()
	if err != nil || len(groups) == 0 {
		groups = []int{os.Getgid()}
	}
	group := groups[len(groups)-1]
	if os.Geteuid() == 0 {
		group = 4242 // which need not exist
	}
	socket, _ := configs.UnixSocket(fmt.Sprintf("unix:%s?mode=0662&group=%d", path, group))
	l, err := listenUnix(socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o662 || int(info.Sys().(*syscall.Stat_t).Gid) != group {
		t.Errorf("%v %+v %v", info.Mode(), info.Sys(), err)
	}
}

func TestSocketOfAnUnknownGroupIsNotMade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "framegate.sock")
	if _, err := listenUnix(configs.Socket{Path: path, Mode: 0o660, Group: "no-such-group"}); err == nil || !strings.Contains(err.Error(), "no-such-group: there is no such group") {
		t.Errorf("%v", err)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("%v", err)
	}
}

func TestLinkInPlaceOfASocketKeepsTheModeOfItsFile(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "secret"), "")
	if err := os.Symlink("secret", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := share(configs.Socket{Path: filepath.Join(dir, "link"), Mode: 0o666}); err == nil {
		t.Error("no error")
	}
	if info, err := os.Stat(filepath.Join(dir, "secret")); err != nil || info.Mode().Perm()&0o066 != 0 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}
