// Package edit changes the list of cameras in a configuration file and keeps every other byte: comments, order, blank lines,
// line ends and anchors.
package edit

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

	"framegate/configs"

	"github.com/google/renameio/v2"
)

// File is a configuration file whose list of cameras can be changed while it is in use. Any goroutine may call its methods; each
// returns the configuration as it is afterwards.
//
// A change reads the file as it is now, edits the text and checks the result like any configuration. The file is replaced only if
// the camera is then as the change asks for and nothing else is different. It is replaced as a whole: a reader sees the old file
// or the new one, whenever the process ends.
type File struct {
	Path string

	mu sync.Mutex // held from reading the file to replacing it
}

// Why a change is refused, besides ErrByHand and a KeysError.
var (
	ErrReadOnly = errors.New("the configuration is read-only")
	ErrNoCamera = errors.New("no such camera")
	ErrExists   = errors.New("a camera with this id already exists")
)

// AddCamera appends a camera to the list.
func (f *File) AddCamera(keys Keys) (*configs.Config, error) { return f.change(adding(keys)) }

// ReplaceCamera makes these the only keys of a camera besides its id, or appends it where the list has none with this id.
func (f *File) ReplaceCamera(id string, keys Keys) (config *configs.Config, created bool, err error) {
	config, err = f.change(func(config *configs.Config, d *document) (outcome, error) {
		if indexOf(config, id) < 0 {
			created = true
			return addingAs(id, keys)(config, d)
		}
		return replacing(id, keys)(config, d)
	})
	return config, created && err == nil, err
}

// ChangeCamera merges keys into those of a camera as in RFC 7396: null removes a key.
func (f *File) ChangeCamera(id string, keys Keys) (*configs.Config, error) {
	return f.change(merging(id, keys))
}

// RemoveCamera removes a camera from the list.
func (f *File) RemoveCamera(id string) (*configs.Config, error) { return f.change(removing(id)) }

func (f *File) change(do change) (*configs.Config, error) {
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

// writable returns the path of the file itself, where Path is a link, and refuses a file that must not be written.
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
	if info.Mode().Perm()&0o222 == 0 { // root could write it all the same
		return "", fmt.Errorf("%w: nobody may write %s", ErrReadOnly, path)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return "", readOnly(err)
	}
	return path, file.Close()
}

// readOnly makes an error an ErrReadOnly if that is what it means. EBUSY is what a file gives that a container mounts by itself.
func readOnly(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.EBUSY) {
		return fmt.Errorf("%w: %v", ErrReadOnly, err)
	}
	return err
}

// replace writes a new file beside the old one, with the owner and mode of the old one, and renames it. Both the file and the
// folder are on the disk when it returns.
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
	// Some network file systems cannot sync a folder.
	if err := dir.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}

// removeLeftovers removes the new files of processes that were killed in replace.
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
