// Package state keeps the files that framegate makes itself, such as the keys of signed links, in one folder.
package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/framegate/framegate/configs"

	"github.com/google/renameio/v2"
)

// maxSize is the limit of a file, in bytes.
const maxSize = 256 << 10

// Dir returns the state directory, which may not exist yet: $STATE_DIRECTORY, as systemd sets it, else $XDG_STATE_HOME/framegate, else
// ~/.local/state/framegate. Variables that are not absolute paths are ignored.
func Dir() (string, error) {
	first, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":") // systemd lists all of a unit
	if filepath.IsAbs(first) {
		return first, nil
	}
	if base := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "framegate"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(home) {
		return "", errors.New("there is no state directory: neither STATE_DIRECTORY, XDG_STATE_HOME nor HOME is set to an absolute path")
	}
	return filepath.Join(home, ".local/state/framegate"), nil
}

// service is the state directory of the systemd unit.
var service = "/var/lib/framegate"

// UseService sets $STATE_DIRECTORY to that of the systemd unit, if the unit has run, and the variable names no other one. It is for commands
// that change what a running framegate uses, and not for serving: each framegate that serves needs its own state directory. Only root and
// the service's own account use that directory. For others the error says so: what they write elsewhere, the service never reads.
func UseService() error {
	if os.Getenv("STATE_DIRECTORY") != "" {
		return nil
	}
	info, err := os.Stat(service)
	switch {
	case errors.Is(err, os.ErrNotExist), err == nil && !info.IsDir():
		return nil
	case err == nil && (os.Geteuid() == 0 || ownerOf(info) == os.Geteuid()):
		os.Setenv("STATE_DIRECTORY", service)
		return nil
	}
	own, err := Dir()
	if err != nil {
		own = "/path"
	}
	return fmt.Errorf("the framegate service keeps the keys of links in %s, which only root and its own account may use: put sudo before the command, "+
		"or STATE_DIRECTORY=%s if it is for another framegate, which has its keys there", service, own)
}

// ownerOf returns the user ID of a file's owner.
func ownerOf(info os.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Uid) } // as on every Unix

// Path returns the path of a file of the state directory. The name has no folder.
func Path(name string) (string, error) {
	dir, err := Dir()
	if err != nil {
		return "", err
	}
	if name == "" || name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return "", fmt.Errorf("%q is not the name of a file", name)
	}
	return filepath.Join(dir, name), nil
}

// ReadFile returns the content of a regular file of the state directory, of 256 KiB at most. It does not wait for a FIFO or a file
// system that is away. The error is fs.ErrNotExist if there is no such file.
func ReadFile(name string) ([]byte, error) {
	path, err := Path(name)
	if err != nil {
		return nil, err
	}
	return configs.ReadBounded(path, maxSize)
}

// WriteFile replaces a file of the state directory as a whole, and makes the directory where it is missing. Nobody but the owner of the
// directory may read either. The file is on the disk when it returns. Two processes that read, change and write a file use Update.
func WriteFile(name string, content []byte) error {
	path, err := Path(name)
	if err != nil {
		return err
	}
	if len(content) > maxSize {
		return fmt.Errorf("%s would be larger than %d KiB", path, maxSize>>10)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	file, err := renameio.NewPendingFile(path, renameio.WithTempDir(dir), renameio.WithStaticPermissions(0o600))
	if err != nil {
		return err
	}
	defer file.Cleanup()
	if err := giveTo(file.File, dir); err != nil {
		return err
	}
	if _, err := file.Write(content); err != nil {
		return err
	}
	return file.CloseAtomicallyReplace()
}

// giveTo gives a file that root made to the owner of a folder: the service must be able to read what an administrator writes.
func giveTo(file *os.File, folder string) error {
	info, err := os.Stat(folder)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 {
		return nil
	}
	return file.Chown(int(owner.Uid), int(owner.Gid))
}

// Update replaces a file by what change makes of its content, which is nil if there is no such file. No other Update of the same file
// happens meanwhile, in this process or another one. Nothing is written if change returns an error, or the same content.
func Update(name string, change func(before []byte) ([]byte, error)) error {
	unlock, err := lock(name)
	if err != nil {
		return err
	}
	defer unlock()
	before, err := ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	after, err := change(before)
	if err != nil || before != nil && string(before) == string(after) {
		return err
	}
	return WriteFile(name, after)
}

// lock waits until no other process updates a file. The file of the lock stays, since two processes could lock different files otherwise.
func lock(name string) (unlock func(), err error) {
	path, err := Path(name)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(giveTo(file, filepath.Dir(path)), flock(file)); err != nil {
		file.Close()
		return nil, err
	}
	return func() { file.Close() }, nil
}

func flock(file *os.File) error {
	for {
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != syscall.EINTR {
			return err
		}
	}
}
