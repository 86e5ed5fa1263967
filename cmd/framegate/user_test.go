package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// command runs framegate with a text as stdin.
func command(t *testing.T, stdin string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	var out, errors bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errors
	cmd.Run()
	return out.String(), errors.String(), cmd.ProcessState.ExitCode()
}

// statusFor returns the status of a request with a name and a password, or without if the name is empty.
func (s serving) statusFor(t *testing.T, path, name, password string) int {
	t.Helper()
	request, err := http.NewRequest("GET", s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if name != "" {
		request.SetBasicAuth(name, password)
	}
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// untilStatus waits until a running framegate has taken over a change of its users.
func (s serving) untilStatus(t *testing.T, path, name, password string, want int) {
	t.Helper()
	got := 0
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got = s.statusFor(t, path, name, password); got == want {
			return
		}
	}
	t.Fatalf("%s as %q: %d, want %d", path, name, got, want)
}

// TestRunningFramegateTakesUsersOver adds, changes and removes users while framegate runs. Each is waited for by what nobody may do
// before it, so that no wrong password is sent meanwhile.
func TestRunningFramegateTakesUsersOver(t *testing.T) {
	const text = "# my site\neditable: false # but by hand\ncameras:\n  - {id: gate, url: 'test://ball', connect: on_demand} # one\n"
	path := config(t, text)
	p := start(t, "--config", path)
	if got := p.statusFor(t, "/api/config", "", ""); got != 200 {
		t.Fatalf("without users: %d", got)
	}

	stdout, stderr, status := command(t, "correct horse\n", "user", "add", "ann", "--admin", "--config", path)
	if status != 0 || !strings.Contains(stdout, "added the user ann") || stderr != "" {
		t.Fatalf("status %d, %s%s", status, stdout, stderr)
	}
	p.untilStatus(t, "/api/config", "", "", 401)
	if got := p.statusFor(t, "/api/config", "ann", "correct horse"); got != 200 {
		t.Errorf("ann: %d", got)
	}
	if stdout, stderr, status := command(t, "battery staple", "user", "add", "bob", "--cameras", "yard-*", "--config", path); status != 0 {
		t.Fatalf("status %d, %s%s", status, stdout, stderr)
	}
	p.untilStatus(t, "/api/cameras", "bob", "battery staple", 200)
	if got := p.statusFor(t, "/cameras/gate/stream", "bob", "battery staple"); got != 403 {
		t.Errorf("bob at the gate: %d", got)
	}

	stdout, stderr, status = command(t, "another horse\r\n", "user", "add", "ann", "--config", path)
	if status != 0 || !strings.Contains(stdout, "changed the password of the user ann") {
		t.Fatalf("status %d, %s%s", status, stdout, stderr)
	}
	p.untilStatus(t, "/api/config", "ann", "correct horse", 401)
	if got := p.statusFor(t, "/api/config", "ann", "another horse"); got != 200 { // still an admin
		t.Errorf("ann with the new password: %d", got)
	}
	if stdout, stderr, status := run(t, "user", "list", "--config", path); status != 0 ||
		stdout != "NAME  ROLE    CAMERAS\nann   admin   all\nbob   viewer  yard-*\n" {
		t.Errorf("status %d, %s%s", status, stdout, stderr)
	}

	if stdout, stderr, status := run(t, "user", "remove", "ann", "--config", path); status != 1 || !strings.Contains(stderr, path+": nobody else is an admin") {
		t.Fatalf("the last admin is removed: status %d, %s%s", status, stdout, stderr)
	}
	for _, name := range []string{"bob", "ann"} {
		if stdout, stderr, status := run(t, "user", "remove", name, "--config", path); status != 0 || !strings.Contains(stdout, "removed the user "+name) {
			t.Fatalf("status %d, %s%s", status, stdout, stderr)
		}
	}
	p.untilStatus(t, "/api/config", "", "", 200)
	if content, _ := os.ReadFile(path); string(content) != text+"auth:\n  users:\n" {
		t.Errorf("the file is\n%s", content)
	}
	if log := p.Log(); strings.Contains(log, "horse") || strings.Contains(log, "staple") || strings.Contains(log, "argon2id") {
		t.Error("the log has a password or its hash")
	} else if !strings.Contains(log, `msg="signed in" who=ann from=127.0.0.1`) {
		t.Error("the log does not say that ann signed in")
	}
}

func TestUserCommandsSayWhatIsWrong(t *testing.T) {
	good := config(t, "cameras: []\n")
	locked := config(t, "cameras: []\n")
	os.Chmod(locked, 0o444)
	faulty := config(t, "cameras: 5\n")
	for _, c := range []struct {
		stdin  string
		args   []string
		status int
		part   string
	}{
		{"", []string{"add", "ann", "--config", good}, 1, "the password is empty"},
		{"\n", []string{"add", "ann", "--config", good}, 1, "the password is empty"},
		{"hunter2\n", []string{"add", "ann", "--config", good}, 1, "the password is shorter than 8 characters"},
		{strings.Repeat("x", 5000), []string{"add", "ann", "--config", good}, 1, "longer than 1024 bytes"},
		{"correct horse\nbattery\n", []string{"add", "ann", "--config", good}, 1, "more than one line"},
		{"correct horse\n", []string{"add", "a:b", "--config", good}, 1, `the name is "a:b"; it must be 1 to 64 characters`},
		{"correct horse\n", []string{"add", "ann", "--cameras", "gate,[", "--config", good}, 1, `the camera is "["; it must be the id`},
		{"", []string{"add", "ann", "--admin", "--cameras", "gate", "--config", good}, 1, "an admin sees all cameras: leave out --cameras"},
		{"correct horse\n", []string{"add", "ann", "--config", locked}, 1, locked + ": the configuration is read-only"},
		{"correct horse\n", []string{"add", "ann", "--config", faulty}, 1, faulty + ":1:10: cameras: expected a list"},
		{"correct horse\n", []string{"add", "ann", "--config", "/nowhere.yaml"}, 1, "/nowhere.yaml: no such file"},
		{"", []string{"remove", "eve", "--config", good}, 1, good + ": no such user: eve"},
		{"", []string{"change", "eve", "--admin", "--config", good}, 1, good + ": no such user: eve"},
		{"", []string{"list", "--config", good}, 0, "There are no users."},
		{"", []string{"add"}, 2, `expected "<name>"`},
	} {
		stdout, stderr, status := command(t, c.stdin, append([]string{"user"}, c.args...)...)
		if status != c.status || !strings.Contains(stdout+stderr, c.part) || strings.Contains(stdout+stderr, "horse") || strings.Contains(stdout+stderr, "hunter2") {
			t.Errorf("%q: status %d, %s%s", c.args, status, stdout, stderr)
		}
	}
	for _, path := range []string{good, locked} {
		if content, _ := os.ReadFile(path); string(content) != "cameras: []\n" {
			t.Errorf("the file is\n%s", content)
		}
	}
	const ofService = "cameras: [{id: a, url: 'rtsp://h/', username: u, password: '${VARIABLE_OF_THE_SERVICE}'}]\n"
	service := config(t, ofService)
	if _, stderr, status := command(t, "correct horse\n", "user", "add", "ann", "--config", service); status != 0 {
		t.Errorf("with a variable that is not set: status %d, %s", status, stderr)
	} else if content, _ := os.ReadFile(service); !strings.HasPrefix(string(content), ofService) {
		t.Errorf("the file is\n%s", content)
	}
	t.Chdir(t.TempDir())
	t.Setenv("FRAMEGATE_CONFIG", good)
	if stdout, stderr, status := command(t, "correct horse\n", "user", "add", "ann"); status != 0 || !strings.Contains(stdout, good) {
		t.Errorf("with $FRAMEGATE_CONFIG: status %d, %s%s", status, stdout, stderr)
	}
	if stdout, stderr, _ := command(t, "correct horse\n", "user", "add", "ann", "--cameras", "gate"); !strings.Contains(stdout, "changed") {
		t.Error(stdout, stderr)
	}
	if stdout, stderr, _ := command(t, "correct horse\n", "user", "add", "ann", "--admin"); !strings.Contains(stdout, "changed") {
		t.Error(stdout, stderr)
	}
	if stdout, _, _ := run(t, "user", "list"); !strings.Contains(stdout, "ann   admin  all\n") {
		t.Error(stdout)
	}
	if stdout, stderr, _ := command(t, "correct horse\n", "user", "add", "ann", "--cameras", "gate"); !strings.Contains(stderr, "an admin sees all cameras") {
		t.Error(stdout, stderr)
	}
	if stdout, stderr, status := command(t, "correct horse\n", "user", "add", "ann", "--no-admin", "--cameras", "*"); status != 1 || !strings.Contains(stderr, good+": nobody else is an admin") {
		t.Error(stdout, stderr)
	}
	for _, args := range [][]string{{"bob", "--admin"}, {"ann", "--no-admin", "--cameras", "*"}} {
		if stdout, stderr, status := command(t, "correct horse\n", append([]string{"user", "add"}, args...)...); status != 0 {
			t.Error(stdout, stderr)
		}
	}
	if stdout, _, _ := run(t, "user", "list"); !strings.Contains(stdout, "ann   viewer  all\n") {
		t.Error(stdout)
	}
}

func TestRightsOfAUserChangeWithoutAPassword(t *testing.T) {
	path := config(t, "cameras: []\n")
	if stdout, stderr, status := command(t, "correct horse\n", "user", "add", "ann", "--cameras", "yard-*,gate", "--config", path); status != 0 ||
		!strings.Contains(stdout, "ann is a viewer; cameras: yard-*, gate\nThere is no admin") {
		t.Fatalf("status %d, %s%s", status, stdout, stderr)
	}
	hash := func() string {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(content), "$argon2id$")
		hash, _, _ := strings.Cut(rest, "\n")
		return hash
	}
	before := hash()
	for _, c := range []struct {
		args   []string
		status int
		part   string
	}{
		{nil, 1, "nothing to change"},
		{[]string{"--admin", "--cameras", "gate"}, 1, "an admin sees all cameras"},
		{[]string{"--cameras", "gate"}, 0, "ann is a viewer; cameras: gate\nThere is no admin"},
		{[]string{"--admin"}, 0, "ann is an admin; cameras: all\n"},
		{[]string{"--no-admin"}, 1, path + ": nobody else is an admin; make another user one first"},
	} {
		stdout, stderr, status := command(t, "", append([]string{"user", "change", "ann", "--config", path}, c.args...)...)
		if status != c.status || !strings.Contains(stdout+stderr, c.part) || hash() != before || before == "" {
			t.Errorf("%q: status %d, %s%s", c.args, status, stdout, stderr)
		}
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, stderr, _ := command(t, "", "user", "change", "ann", "--admin", "--config", path); !strings.Contains(stderr, "run 'chmod o-r' on it") {
		t.Error("nothing is said of a file that everybody may read")
	}
}

func TestUserCommandsSayWhoNeedsAPassword(t *testing.T) {
	for _, c := range []struct{ text, added string }{
		{"cameras: []\n", "From now on everybody needs a name and a password"},
		{"auth: {open: true}\n", "From now on only admins may change cameras; everybody may still watch"},
	} {
		path := config(t, c.text)
		if stdout, stderr, status := command(t, "correct horse\n", "user", "add", "ann", "--admin", "--config", path); status != 0 || !strings.Contains(stdout, c.added) {
			t.Errorf("%q: status %d, %s%s", c.text, status, stdout, stderr)
		}
		stdout, stderr, status := command(t, "correct horse\n", "user", "add", "ann", "--admin", "--config", path)
		if status != 0 || !strings.Contains(stdout, "changed the password and the rights of the user ann") || strings.Contains(stdout, "From now on") {
			t.Errorf("%q: status %d, %s%s", c.text, status, stdout, stderr)
		}
		stdout, stderr, status = run(t, "user", "remove", "ann", "--config", path)
		if status != 0 || !strings.Contains(stdout, "no users any more: this machine may change cameras without a password") {
			t.Errorf("%q: status %d, %s%s", c.text, status, stdout, stderr)
		}
	}
}

// openTerminal returns the two ends of a new terminal.
func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("SKIPPED: this machine gives no terminals: ", err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

// echoes reports whether a terminal shows what is typed.
func echoes(t *testing.T, terminal *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

func TestPasswordIsEnteredTwiceAndNotShown(t *testing.T) {
	for _, c := range []struct {
		name   string
		lines  []string
		status int
		part   string
	}{
		{"the same", []string{"correct horse\n", "correct horse\n"}, 0, "added the user ann"},
		{"not the same", []string{"correct horse\n", "battery staple\n"}, 1, "the two passwords are not the same"},
		{"too short", []string{"hunter2\n"}, 1, "shorter than 8 characters"},
		{"nothing", []string{"\n"}, 1, "the password is empty"},
		{"interrupted", []string{"corr\x03"}, 1, "interrupted; nothing was changed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			master, slave := openTerminal(t)
			path := config(t, "cameras: []\n")
			cmd := exec.Command(binary, "user", "add", "ann", "--config", path)
			out := &asked{questions: make(chan struct{}, 100)}
			cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, out, out
			cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0} // so that ^C reaches it
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for _, line := range c.lines {
				select {
				case <-out.questions:
				case <-time.After(20 * time.Second):
					cmd.Process.Kill()
					t.Fatal("it does not ask: ", out.text.String())
				}
				for end := time.Now().Add(20 * time.Second); echoes(t, master) && time.Now().Before(end); { // until it waits for the password
					time.Sleep(time.Millisecond)
				}
				if _, err := master.WriteString(line); err != nil {
					t.Fatal(err)
				}
			}
			cmd.Wait()
			if got := cmd.ProcessState.ExitCode(); got != c.status || !strings.Contains(out.text.String(), c.part) {
				t.Errorf("status %d, %s", got, &out.text)
			}
			if !echoes(t, master) {
				t.Error("the terminal does not show what is typed afterwards")
			}
		})
	}
}

// asked collects what a command writes, and counts its questions.
type asked struct {
	text      bytes.Buffer
	questions chan struct{}
}

func (a *asked) Write(p []byte) (int, error) {
	if bytes.HasSuffix(p, []byte(": ")) {
		defer func() { a.questions <- struct{}{} }()
	}
	return a.text.Write(p)
}
