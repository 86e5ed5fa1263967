package firstrun

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/configs/password"
)

const secret = "a good password"

func newSetup(t *testing.T) (*Setup, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "framegate.yaml")
	s, err := New(path)
	if err != nil {
		t.Fatal(err)
	}
	return s, path
}

func loaded() error { return nil }

func hashed(text string) (configs.Secret, error) {
	hash, err := password.New(text)
	return configs.Secret(hash), err
}

func TestCodeMakesOneAdminOnce(t *testing.T) {
	s, path := newSetup(t)
	if !s.Pending() || s.Ended() {
		t.Error("it has ended before it began")
	}
	if err := s.Make(Form{" " + strings.ToLower(s.Code()), "ann@home", secret}, hashed, loaded); err != nil {
		t.Fatal(err)
	}
	config, err := configs.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if users := config.Auth.Users; len(users) != 1 || users[0].Name != "ann@home" || users[0].Role != configs.AdminRole || len(config.Cameras) > 0 {
		t.Errorf("%+v", config)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if err := s.Make(Form{s.Code(), "eve", secret}, hashed, loaded); !errors.Is(err, ErrEnded) || s.Pending() {
		t.Errorf("the code was used again: %v", err)
	}
	if _, err := New(path); err == nil {
		t.Error("there is a configuration, and it can be made again")
	}
}

func TestWrongFieldsMakeNothing(t *testing.T) {
	s, path := newSetup(t)
	for field, with := range map[string][3]string{
		"code":     {"AAAA-AAAA-AAAA-AAAA", "ann", secret},
		"name":     {s.Code(), `ann" x`, secret},
		"password": {s.Code(), "ann", "short"},
	} {
		var wrong *FieldError
		if err := s.Make(Form{with[0], with[1], with[2]}, hashed, loaded); !errors.As(err, &wrong) || wrong.Field != field || strings.Contains(err.Error(), s.Code()) {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, code := range []string{"", s.code[:15], s.code + "A"} {
		if err := s.Make(Form{code, "ann", secret}, hashed, loaded); err == nil {
			t.Errorf("the code %q is taken", code)
		}
	}
	if _, err := os.Stat(path); err == nil || !s.Pending() {
		t.Error("the file was made")
	}
}

func TestCodeEndsAfterAnHour(t *testing.T) {
	s, path := newSetup(t)
	at := s.now().Add(Valid)
	s.ends = at
	now := s.now
	s.now = func() time.Time { return at }
	if err := s.Make(Form{s.Code(), "ann", secret}, hashed, loaded); !errors.Is(err, ErrEnded) {
		t.Error(err)
	}
	s.now = now
	if err := s.Make(Form{s.Code(), "ann", secret}, hashed, loaded); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestFileOfSomebodyElseStays(t *testing.T) {
	s, path := newSetup(t)
	if err := os.WriteFile(path, []byte("cameras: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Make(Form{s.Code(), "ann", secret}, hashed, loaded); !errors.Is(err, os.ErrExist) {
		t.Error(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "cameras: []\n" {
		t.Errorf("%v %s", err, text)
	}
}

func TestFileThatIsNotInEffectIsRemoved(t *testing.T) {
	s, path := newSetup(t)
	if err := s.Make(Form{s.Code(), "ann", secret}, hashed, func() error { return errors.New("no") }); err == nil || !s.Pending() {
		t.Error(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the file is there")
	}
}

func TestFolderThatCannotBeWrittenIsSaidAtTheStart(t *testing.T) {
	if _, err := New(filepath.Join(t.TempDir(), "none", "framegate.yaml")); err == nil || !strings.Contains(err.Error(), "cannot be made") {
		t.Error(err)
	}
}

func TestOneOfTwoWhoHaveTheCodeBecomesTheAdmin(t *testing.T) {
	s, path := newSetup(t)
	form := Form{s.Code(), "ann", secret}
	err := s.Make(form, func(text string) (configs.Secret, error) { // while the password of the first one is hashed
		if err := s.Make(Form{s.Code(), "bob", secret}, hashed, loaded); err != nil {
			t.Error(err)
		}
		return hashed(text)
	}, loaded)
	if !errors.Is(err, ErrEnded) {
		t.Error(err)
	}
	if config, err := configs.Load(path); err != nil || len(config.Auth.Users) != 1 || config.Auth.Users[0].Name != "bob" {
		t.Errorf("%v %+v", err, config)
	}
}

func TestPasswordThatIsNotHashedMakesNothing(t *testing.T) {
	s, path := newSetup(t)
	busy := errors.New("busy")
	if err := s.Make(Form{s.Code(), "ann", secret}, func(string) (configs.Secret, error) { return "", busy }, loaded); !errors.Is(err, busy) || !s.Pending() {
		t.Error(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the file is there")
	}
	if err := s.Make(Form{s.Code(), "ann", secret}, hashed, loaded); err != nil {
		t.Errorf("the code has ended: %v", err)
	}
}
