// Package firstrun makes the configuration of a framegate that has none, with the first admin in it, for whoever has a code from framegate's
// log.
package firstrun

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/configs/password"

	"golang.org/x/sys/unix"
)

// Valid is how long a code may be used.
const Valid = time.Hour

// FieldError says what is wrong with one field of the form. A text about a name
// has what was typed there.
type FieldError struct {
	Field string // code, name or password
	Text  string
}

func (e *FieldError) Error() string { return e.Text }

// ErrEnded means that the code may no longer be used.
var ErrEnded = errors.New("the code has ended: restart framegate, which prints another one")

// Setup is the first run of one framegate. Any goroutine may call its methods.
type Setup struct {
	path string
	code string // 80 random bits, so that nobody guesses it
	ends time.Time
	now  func() time.Time
	done chan struct{}

	mu   sync.Mutex // held while the file is made
	made bool
}

// New returns a first run that makes the file at path. The error says why the file could not be made.
func New(path string) (*Setup, error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is there already", path)
	}
	if err := unix.Access(filepath.Dir(path), unix.W_OK|unix.X_OK); err != nil {
		return nil, fmt.Errorf("the configuration %s cannot be made: %w", path, &fs.PathError{Op: "write to", Path: filepath.Dir(path), Err: err})
	}
	s := &Setup{path: path, code: rand.Text()[:16], now: time.Now, done: make(chan struct{})}
	s.ends = s.now().Add(Valid)
	return s, nil
}

// Code returns the code as it is printed, in groups of four.
func (s *Setup) Code() string {
	return strings.Join([]string{s.code[:4], s.code[4:8], s.code[8:12], s.code[12:]}, "-")
}

// Done is closed when the file has been made.
func (s *Setup) Done() <-chan struct{} { return s.done }

// Pending reports whether the file has not been made yet.
func (s *Setup) Pending() bool {
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}

// Ended reports whether the code may no longer be used.
func (s *Setup) Ended() bool { return !s.Pending() || !s.now().Before(s.ends) }

// Form is what whoever has the code fills in.
type Form struct{ Code, Name, Password string }

// Make makes the file with an admin in it, if the code is right, and then calls load, which puts the file into effect. If load fails, the file
// is removed again. hash returns the hash of the password. The error is ErrEnded, a *FieldError, that of hash, or why the file was not made.
func (s *Setup) Make(f Form, hash func(password string) (configs.Secret, error), load func() error) error {
	if err := s.check(f); err != nil {
		return err
	}
	hashed, err := hash(f.Password)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.made || s.Ended() {
		return ErrEnded
	}
	if err := s.write(fmt.Sprintf(content, f.Name, hashed.Reveal())); err != nil {
		return err
	}
	if err := load(); err != nil {
		os.Remove(s.path)
		return err
	}
	s.made = true
	close(s.done)
	return nil
}

// check returns ErrEnded, or what is wrong with a form.
func (s *Setup) check(f Form) error {
	if s.Ended() {
		return ErrEnded
	}
	if subtle.ConstantTimeCompare([]byte(plain(f.Code)), []byte(s.code)) != 1 {
		return &FieldError{"code", "this is not the code that framegate printed when it started"}
	}
	if err := configs.CheckUser(f.Name, nil); err != nil {
		return &FieldError{"name", err.Error()}
	}
	if err := password.Check(f.Password); err != nil {
		return &FieldError{"password", err.Error()}
	}
	return nil
}

// plain returns a code without what people add when they type it.
func plain(code string) string {
	return strings.NewReplacer("-", "", " ", "", "\t", "").Replace(strings.ToUpper(code))
}

// content is the first configuration. Neither a name nor a hash has a character that YAML treats differently within quotes.
const content = `# framegate's configuration. configs/example.yaml of framegate describes every key.
auth:
  users:
    - name: "%s"
      password_hash: "%s"
      role: admin
cameras: []
`

// write writes the file, unless there is one by now.
func (s *Setup) write(text string) error {
	file, err := os.OpenFile(s.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		os.Remove(s.path)
	}
	return err
}
