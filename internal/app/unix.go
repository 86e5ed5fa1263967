package app

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// unixListener listens on a Unix socket at a path. Until it is closed, the lock keeps any other framegate from the path.
type unixListener struct {
	*net.UnixListener
	close func() error
}

// listenUnix listens on a Unix socket, which is removed when the listener is closed. The umask of the process decides who may connect. A
// socket at the path is removed if nobody answers there, as after a crash.
func listenUnix(path string) (net.Listener, error) {
	lock, err := lockSocket(path)
	if err != nil {
		return nil, fmt.Errorf("listen unix:%s: %w", path, err)
	}
	if err := removeStale(path); err != nil {
		lock.Close()
		return nil, fmt.Errorf("listen unix:%s: %w", path, err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		lock.Close()
		return nil, err
	}
	l.SetUnlinkOnClose(false) // which would remove whatever is at the path then
	bound, err := os.Lstat(path)
	if err != nil {
		bound = nil // it was removed meanwhile
	}
	return &unixListener{l, sync.OnceValue(func() error {
		defer lock.Close()
		removeSame(path, bound)
		return l.Close()
	})}, nil
}

// Close closes the listener and removes its socket, unless another file has taken its place.
func (l *unixListener) Close() error { return l.close() }

// lockSocket locks the path of a socket until the file is closed or the process ends. The file stays, because removing it would let two
// processes lock different files.
func lockSocket(path string) (*os.File, error) {
	lock, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return lock, nil
	}
	lock.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = syscall.EADDRINUSE
	}
	return nil, err
}

// removeStale removes a socket at which nobody answers.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("there is a file that is no socket")
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		conn.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return syscall.EADDRINUSE
	}
	return removeSame(path, info)
}

// removeSame removes the file at a path if it still is the one that info describes. info may be nil.
func removeSame(path string, info os.FileInfo) error {
	now, err := os.Lstat(path)
	if err != nil || info == nil || !os.SameFile(now, info) {
		return nil
	}
	return os.Remove(path)
}
