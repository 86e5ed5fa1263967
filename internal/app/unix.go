package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/framegate/framegate/configs"

	"golang.org/x/sys/unix"
)

// unixListener listens on a Unix socket at a path. Until it is closed, the lock keeps any other framegate from the path.
type unixListener struct {
	*net.UnixListener
	close func() error
}

// listenUnix listens on a Unix socket, which is removed when the listener is closed. A socket at the path is removed if nobody answers
// there, as after a crash.
func listenUnix(socket configs.Socket) (l net.Listener, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("listen unix:%s: %w", socket.Path, err)
		}
	}()
	lock, err := lockSocket(socket.Path)
	if err != nil {
		return nil, err
	}
	if err := removeStale(socket.Path); err != nil {
		lock.Close()
		return nil, err
	}
	made, err := makeSocket(socket)
	if err != nil {
		lock.Close()
		return nil, err
	}
	bound, err := os.Lstat(socket.Path)
	if err != nil {
		bound = nil // it was removed meanwhile
	}
	if err := share(socket); err != nil {
		removeSame(socket.Path, bound)
		made.Close()
		lock.Close()
		return nil, err
	}
	return &unixListener{made, sync.OnceValue(func() error {
		defer lock.Close()
		removeSame(socket.Path, bound)
		return made.Close()
	})}, nil
}

// makeSocket listens on a socket to which only its owner may connect; share then gives the others what the mode allows. Without a mode the
// umask decides.
func makeSocket(socket configs.Socket) (*net.UnixListener, error) {
	config := net.ListenConfig{}
	if socket.Mode != 0 {
		config.Control = func(_, _ string, raw syscall.RawConn) (err error) {
			// Linux makes the file with the mode of the socket's descriptor, less the umask.
			controlErr := raw.Control(func(fd uintptr) { err = syscall.Fchmod(int(fd), uint32(socket.Mode&0o700)) })
			return cmp.Or(controlErr, err)
		}
	}
	made, err := config.Listen(context.Background(), "unix", socket.Path)
	if wrapped := (*net.OpError)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err // the caller says where
	}
	if err != nil {
		return nil, err
	}
	l := made.(*net.UnixListener)
	l.SetUnlinkOnClose(false) // which would remove whatever is at the path then
	return l, nil
}

// share gives a socket's file its group and its mode. It does not follow a symbolic link that has taken the file's place.
func share(socket configs.Socket) error {
	if socket.Mode == 0 {
		return nil
	}
	fd, err := unix.Open(socket.Path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	file := fmt.Sprintf("/proc/self/fd/%d", fd)
	if info, err := os.Stat(file); err != nil || info.Mode().Type() != fs.ModeSocket {
		return cmp.Or(err, errors.New("another file has taken the place of the socket"))
	}
	if socket.Group != "" {
		group, err := groupID(socket.Group)
		if err == nil {
			err = unix.Fchownat(fd, "", -1, group, unix.AT_EMPTY_PATH)
		}
		if err != nil {
			return fmt.Errorf("group %s: %w", socket.Group, err)
		}
	}
	return os.Chmod(file, socket.Mode)
}

// groupID returns the number of a group, which may be given instead of its name.
func groupID(group string) (int, error) {
	if id, err := strconv.ParseUint(group, 10, 31); err == nil {
		return int(id), nil
	}
	found, err := user.LookupGroup(group)
	if err != nil {
		return 0, errors.New("there is no such group")
	}
	return strconv.Atoi(found.Gid)
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

// removeStale removes a socket that refuses connections, which a framegate has left that ended without removing it. The error is EADDRINUSE
// if another program may have it.
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
