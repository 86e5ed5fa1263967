package edit

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"syscall"

	"github.com/framegate/framegate/configs"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

// replace replaces the content of a file, which must still equal before. It writes a new file beside the old one, with the same owner and mode, and
// exchanges them. When it returns, the file and the folder have been synced to the disk.
func replace(path string, before, content []byte) error {
	folder := filepath.Dir(path)
	removeLeftovers(path)
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	pending, err := renameio.NewPendingFile(path, renameio.WithTempDir(folder), renameio.WithExistingPermissions())
	if err != nil {
		return readOnly(err)
	}
	defer pending.Cleanup()
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && (int(owner.Uid) != os.Getuid() || int(owner.Gid) != os.Getgid()) {
		if err := pending.Chown(int(owner.Uid), int(owner.Gid)); err != nil {
			return readOnly(err)
		}
	}
	if _, err := pending.Write(content); err != nil {
		return err
	}
	if err := pending.Sync(); err != nil {
		return err
	}
	if now, err := configs.ReadFile(path); err != nil || !bytes.Equal(now, before) {
		return conflict(err)
	}
	if err := exchange(pending.Name(), path, before, content); err != nil {
		return readOnly(err)
	}
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer dir.Close()
	// Some network file systems cannot sync a folder.
	if err := dir.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}

// exchange exchanges the file fresh, which has this content, with the file at path. If the old file turns out to have other content than
// before, because an editor has just saved it, it is put back. A plain rename could not notice this.
func exchange(fresh, path string, before, content []byte) error {
	err := unix.Renameat2(unix.AT_FDCWD, fresh, unix.AT_FDCWD, path, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.ENOTSUP) { // such as on NFS
		return os.Rename(fresh, path)
	}
	if err != nil {
		return &os.LinkError{Op: "exchange", Old: fresh, New: path, Err: err}
	}
	displaced, err := configs.ReadFile(fresh)
	if err == nil && bytes.Equal(displaced, before) {
		return nil
	}
	for range 10 { // again if somebody saved once more meanwhile
		put := displaced
		if err := unix.Renameat2(unix.AT_FDCWD, fresh, unix.AT_FDCWD, path, unix.RENAME_EXCHANGE); err != nil {
			return conflict(err)
		}
		displaced, err = configs.ReadFile(fresh)
		if err == nil && bytes.Equal(displaced, content) {
			break
		}
		content = put
	}
	return conflict(nil)
}

func conflict(err error) error {
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return ErrConflict
}

// removeLeftovers removes temporary files of processes that were killed during replace.
func removeLeftovers(path string) {
	folder, name := filepath.Split(path)
	form := regexp.MustCompile(`^\.` + regexp.QuoteMeta(name) + `[0-9]+$`) // as renameio names them
	files, _ := os.ReadDir(folder)
	for _, file := range files {
		if form.MatchString(file.Name()) {
			os.Remove(filepath.Join(folder, file.Name()))
		}
	}
}
