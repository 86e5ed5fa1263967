package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"

	"github.com/google/renameio/v2"
)

// File is a configuration whose list of cameras can be changed while it is in use. Its methods may be called
// from any goroutine; each returns the configuration as it is afterwards.
//
// A change reads the file as it is now, edits the text and checks the result like any configuration. Only if
// the camera is then as it was asked for, and nothing else has changed, the file is replaced, at once and
// wholly: whoever reads it, and whenever the process ends, it is the old or the new one.
type File struct {
	Path string

	mu sync.Mutex // held while the file is changed, since a change begins from what it reads
}

// What a change may be refused for, besides ErrByHand and a KeysError.
var (
	ErrReadOnly = errors.New("the configuration is read-only")
	ErrNoCamera = errors.New("no such camera")
	ErrExists   = errors.New("there is such a camera already")
)

// AddCamera appends a camera to the list.
func (f *File) AddCamera(keys Keys) (*Config, error) { return f.change(adding(keys)) }

// ReplaceCamera gives a camera these keys and no others, or appends it where there is none of this id.
func (f *File) ReplaceCamera(id string, keys Keys) (config *Config, created bool, err error) {
	config, err = f.change(func(config *Config, d *document) (edit, error) {
		if indexOf(config, id) < 0 {
			created = true
			return addingAs(id, keys)(config, d)
		}
		return replacing(id, keys)(config, d)
	})
	return config, created && err == nil, err
}

// ChangeCamera merges keys into a camera's as RFC 7396 says: null removes one.
func (f *File) ChangeCamera(id string, keys Keys) (*Config, error) {
	return f.change(merging(id, keys))
}

// RemoveCamera takes a camera out of the list.
func (f *File) RemoveCamera(id string) (*Config, error) { return f.change(removing(id)) }

func (f *File) change(do change) (*Config, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	path, err := f.writable()
	if err != nil {
		return nil, err
	}
	before, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	config, after, err := do.text(f.Path, before)
	if err != nil || bytes.Equal(before, after) {
		return config, err
	}
	return config, replace(path, after)
}

// writable finds the file itself, behind links, and refuses one that is not to be written.
func (f *File) writable() (string, error) {
	path, err := filepath.Abs(f.Path)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return "", err
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if strings.Contains(path, "/..") { // …/..data/… and …/..2026_11_24_…/…
		return "", fmt.Errorf("%w: %s is in a volume that Kubernetes writes", ErrReadOnly, path)
	}
	if info.Mode().Perm()&0o222 == 0 { // which does not stop root
		return "", fmt.Errorf("%w: %s may be written by nobody", ErrReadOnly, path)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return "", readOnly(err)
	}
	return path, file.Close()
}

// readOnly makes an error ErrReadOnly if it says so. A file that is mounted alone, as containers do, is busy.
func readOnly(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.EBUSY) {
		return fmt.Errorf("%w: %v", ErrReadOnly, err)
	}
	return err
}

// replace writes a file beside the old one and renames it, with the owner and the mode of the old one. Both
// the file and the folder are on the disk before it returns.
func replace(path string, content []byte) error {
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
	if err := pending.CloseAtomicallyReplace(); err != nil {
		return readOnly(err)
	}
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err // some file systems of a network do not know this
	}
	return nil
}

// removeLeftovers removes what a process that was killed in replace has left.
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
