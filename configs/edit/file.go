// Package edit changes the lists of cameras and users in a configuration file and keeps every other byte: comments, order, blank lines,
// line ends and anchors.
package edit

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/framegate/framegate/configs"
)

// File is the configuration file of a running framegate. Its lists of cameras and users can be changed while it is in use. Any
// goroutine may call its methods.
//
// A change reads the file, edits its text and checks the result like any configuration. The file is replaced only if the change has the
// wanted effect and no other. It is replaced as a whole: readers see the old file or the new one, even if the process is killed.
type File struct {
	Path string

	// Start is the configuration that is in effect before the first Load or change; nil for none.
	Start *configs.Config

	// Apply puts a configuration into effect that was read from the file or written to it. Load and every change call it, never
	// concurrently with itself or Refuse. It may be nil.
	Apply func(*configs.Config) error

	// Refuse gets what is wrong with a file that is not put into effect. It is called like Apply, and may be nil.
	Refuse func(error)

	mu       sync.Mutex      // held from reading the file until it is applied, so that no older content is applied after a newer one
	inEffect []byte          // the text that this File last applied
	applied  *configs.Config // what it says; nil for none
}

// The errors of changes, besides ErrByHand, ErrNoAdmin, KeysError and AdministratorError.
var (
	ErrReadOnly = errors.New("the configuration is read-only")
	ErrNoCamera = errors.New("no such camera")
	ErrNoUser   = errors.New("no such user")
	ErrExists   = errors.New("a camera with this id already exists")
	// ErrConflict means that somebody else changed the file while the change was made.
	ErrConflict = errors.New("the file was changed by somebody else at the same time and stays as it is now; make the change again")
	// ErrNotInEffect means that the file has faults, has no keys any more or is missing, so that the previous configuration is in effect.
	ErrNotInEffect = errors.New("the file is not in effect and must be changed by hand first")
)

// Load reads the file and applies it.
func (f *File) Load() (*configs.Config, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	text, err := configs.ReadFile(f.Path)
	if err != nil {
		f.refuse(err)
		return nil, err
	}
	return f.load(text)
}

// load applies a text of the file, or refuses it. f.mu is held.
func (f *File) load(text []byte) (*configs.Config, error) {
	config, err := configs.Parse(f.Path, text, os.LookupEnv)
	if err == nil && config.Blank && f.hasKeys() {
		err = errors.New("the file is empty or has only comments, as if it were being written; a configuration without cameras has cameras: []")
	}
	if err == nil {
		err = f.apply(config, text)
	}
	if err != nil {
		f.refuse(err)
		return nil, err
	}
	return config, nil
}

func (f *File) apply(config *configs.Config, text []byte) error {
	if f.Apply != nil {
		if err := f.Apply(config); err != nil {
			return err
		}
	}
	f.inEffect, f.applied = text, config
	return nil
}

// hasKeys reports whether the configuration in effect comes from a file with keys. f.mu is held.
func (f *File) hasKeys() bool {
	config := cmp.Or(f.applied, f.Start)
	return config != nil && !config.Blank
}

func (f *File) refuse(err error) {
	if f.Refuse != nil {
		f.Refuse(err)
	}
}

// Add appends a camera to the list and returns its id. With ErrExists, ErrByHand, ErrNotInEffect and ErrConflict it returns the id too.
func (f *File) Add(keys Keys) (id string, err error) {
	config, err := f.change(adding(keys))
	switch {
	case config != nil:
		id = config.Cameras[len(config.Cameras)-1].ID
	case errors.Is(err, ErrExists), errors.Is(err, ErrByHand), errors.Is(err, ErrNotInEffect), errors.Is(err, ErrConflict):
		given, _ := keys.get("id")
		id, _ = given.(string)
	}
	return id, err
}

// Replace replaces the keys of a camera, except its id, or appends a camera if the list has none with this id.
func (f *File) Replace(id string, keys Keys) (created bool, err error) {
	_, err = f.change(func(config *configs.Config, d *document) (outcome, error) {
		if indexOf(config, id) < 0 {
			created = true
			return addingAs(id, keys)(config, d)
		}
		return replacing(id, keys)(config, d)
	})
	return created && err == nil, err
}

// Change merges keys into those of a camera as in RFC 7396: null removes a key.
func (f *File) Change(id string, keys Keys) error {
	_, err := f.change(merging(id, keys))
	return err
}

// Remove removes a camera from the list.
func (f *File) Remove(id string) error {
	_, err := f.change(removing(id))
	return err
}

// SetUser merges keys into those of a user, like Change, or appends the user if the list has none of this name. It does not check for keys
// that only an administrator can give, which the caller must have refused. check may be nil.
func (f *File) SetUser(name string, keys Keys, check UsersCheck) (created bool, err error) {
	_, err = f.change(func(config *configs.Config, d *document) (outcome, error) {
		created = indexOfUser(config, name) < 0
		o, err := settingUser(name, keys)(config, d)
		o.users = check
		return o, err
	})
	return created && err == nil, err
}

// SetPassword replaces the hash of a user's password if it still is was: else somebody has changed the password meanwhile, and the error is
// ErrConflict. It never adds a user. A hash that comes from a variable is changed by hand.
func (f *File) SetPassword(name string, was, hash configs.Secret) error {
	_, err := f.change(settingPassword(name, was, hash))
	return err
}

// RemoveUser removes a user from the list. check may be nil.
func (f *File) RemoveUser(name string, check UsersCheck) error {
	_, err := f.change(func(config *configs.Config, d *document) (outcome, error) {
		o, err := removingUser(name)(config, d)
		o.users = check
		return o, err
	})
	return err
}

// change edits the file and applies the result. The configuration is nil if the file was not changed.
//
// It edits only what is in effect. If the file has other content, that is applied first. If that fails, perhaps because another program
// is just writing the file, it is not edited: the edit would write unfinished content.
func (f *File) change(do change) (*configs.Config, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	path, err := f.writable()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrNotInEffect, err)
	}
	if err != nil {
		return nil, err
	}
	before, err := f.current(path)
	if err != nil {
		return nil, err
	}
	config, after, err := do.text(f.Path, before)
	if err == nil && !bytes.Equal(before, after) {
		err = replace(path, before, after)
	}
	if err != nil {
		return nil, err
	}
	return config, f.apply(config, after)
}

// writable returns the path of the file itself, even if Path is a link, and refuses a file that must not be written.
func (f *File) writable() (string, error) {
	path, err := filepath.Abs(f.Path)
	switch {
	case err != nil:
	case os.Geteuid() == 0:
		path, err = followLinks(path)
	default:
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
	if info.Mode().Perm()&0o222 == 0 { // root could write it nevertheless
		return "", fmt.Errorf("%w: nobody may write %s", ErrReadOnly, path)
	}
	if !info.Mode().IsRegular() { // opening a FIFO would wait for a reader
		return "", fmt.Errorf("%w: %s is not a regular file", ErrReadOnly, path)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", readOnly(err)
	}
	return path, file.Close()
}

// followLinks returns where an absolute path leads. It refuses one through a symbolic link in a folder that others may write, unless the link
// leads to another name in the same folder. Otherwise the account of a service, which may write the folder of its configuration, could have
// root write elsewhere.
func followLinks(path string) (string, error) {
	const most = 40 // as Linux follows
	at, rest := "/", strings.Split(path, "/")
	for links := 0; len(rest) > 0; {
		next := filepath.Join(at, rest[0]) // at is no link, so that .. leads to the folder above
		rest = rest[1:]
		info, err := os.Lstat(next)
		if err != nil {
			return "", err
		}
		if info.Mode()&os.ModeSymlink == 0 {
			at = next
			continue
		}
		target, err := os.Readlink(next)
		if err != nil {
			return "", err
		}
		folder, err := os.Stat(at)
		if err != nil {
			return "", err
		}
		if links++; links > most || (target != filepath.Base(target) || target == "..") && othersWrite(folder) {
			return "", fmt.Errorf("%w: %s is a symbolic link in a folder that others may write, and root does not follow it; name the file that it leads to", ErrReadOnly, next)
		}
		if filepath.IsAbs(target) {
			at = "/"
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return at, nil
}

// othersWrite reports whether others than root and this process may write a folder.
func othersWrite(folder os.FileInfo) bool {
	owner := folder.Sys().(*syscall.Stat_t) // as on every Unix
	return owner.Uid != 0 && int(owner.Uid) != os.Geteuid() || folder.Mode()&0o002 != 0 ||
		folder.Mode()&0o020 != 0 && owner.Gid != 0 && int(owner.Gid) != os.Getegid()
}

// readOnly wraps ErrReadOnly around an error that means it. EBUSY comes from a single file that is mounted into a container.
func readOnly(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.EBUSY) {
		return fmt.Errorf("%w: %v", ErrReadOnly, err)
	}
	return err
}
