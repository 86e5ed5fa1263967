// Package process runs a framegate binary as a child, for tests and benchmarks.
package process

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Process is a framegate that serves. Its methods may be called from any goroutine.
type Process struct {
	URL string // without a slash at its end
	Dir string // its working directory, empty at first

	cmd  *exec.Cmd
	read chan struct{} // closed at the end of its standard error

	mu  sync.Mutex // guards log
	log strings.Builder
}

// Camera is a part of a camera's state.
type Camera struct {
	State   string
	Error   string
	Viewers int
	Broken  int `json:"broken_units"`
	Plan    Plan
}

// Plan describes how a camera's pictures are made.
type Plan struct {
	Name                     string
	Hardware                 bool
	Decoder, Scaler, Encoder string
	FellBackFrom             string `json:"fell_back_from"`
	Reason, Chosen           string
}

// startTime is how long a framegate may take to serve: the demo encodes its cameras first.
const startTime = time.Minute

// Start starts 'framegate serve' with further arguments and waits until it serves: on a free port, unless they have --listen. Stop must
// follow.
func Start(binary string, args ...string) (*Process, error) { return StartIn(nil, binary, args...) }

// StartIn is Start with further variables in the environment.
func StartIn(env []string, binary string, args ...string) (*Process, error) {
	return run(env, binary, "serve", args...)
}

// StartDemo is Start for 'framegate demo'.
func StartDemo(binary string) (*Process, error) { return run(nil, binary, "demo") }

// run starts a command of framegate that serves.
func run(env []string, binary, command string, args ...string) (*Process, error) {
	dir, err := os.MkdirTemp("", "framegate")
	if err != nil {
		return nil, err
	}
	p := &Process{Dir: dir, read: make(chan struct{})}
	if !slices.Contains(args, "--listen") {
		args = append([]string{"--listen", "127.0.0.1:0"}, args...)
	}
	p.cmd = exec.Command(binary, append([]string{command}, args...)...)
	own := []string{"FRAMEGATE_CONFIG=", "STATE_DIRECTORY=" + cmp.Or(os.Getenv("STATE_DIRECTORY"), filepath.Join(dir, "state"))}
	p.cmd.Dir, p.cmd.Env = dir, slices.Concat(os.Environ(), own, env)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	serving := make(chan string, 1)
	go func() {
		defer close(p.read)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			p.record(lines.Text())
			if _, rest, ok := strings.Cut(lines.Text(), "msg=serving url="); ok {
				url, _, _ := strings.Cut(rest, "/ ")
				serving <- url
			}
		}
	}()
	select {
	case p.URL = <-serving:
		return p, nil
	case <-p.read:
		err = fmt.Errorf("framegate has ended: %s", p.Log())
	case <-time.After(startTime):
		err = fmt.Errorf("framegate does not serve: %s", p.Log())
	}
	p.Stop()
	return nil, err
}

// Terminate asks the process to end.
func (p *Process) Terminate() { p.Signal(syscall.SIGTERM) }

// Reload asks the process to read its configuration again.
func (p *Process) Reload() { p.Signal(syscall.SIGHUP) }

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.read }

// Signal sends the process a signal.
func (p *Process) Signal(s os.Signal) { p.cmd.Process.Signal(s) }

// Stop ends the process, waits for it and returns its exit status, -1 if a signal has ended it.
func (p *Process) Stop() (status int) {
	p.Terminate()
	return p.Wait()
}

// Wait waits for the process to end by itself and returns its exit status, like Stop.
func (p *Process) Wait() (status int) {
	<-p.read
	p.cmd.Wait()
	os.RemoveAll(p.Dir)
	return p.cmd.ProcessState.ExitCode()
}

// PID is the process's number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// PeakMemory is the largest resident memory that a process has had so far, in KiB.
func PeakMemory(pid int) (int, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	text, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	return strconv.Atoi(text)
}

// Log is what the process has written so far.
func (p *Process) Log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

func (p *Process) record(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log.WriteString(line + "\n")
}

// client accepts any certificate: the process is on this machine, and makes its own.
var client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

// Camera reads the state of a camera.
func (p *Process) Camera(id string) (Camera, error) {
	var camera Camera
	resp, err := client.Get(p.URL + "/api/cameras/" + id)
	if err != nil {
		return camera, err
	}
	defer resp.Body.Close()
	return camera, json.NewDecoder(resp.Body).Decode(&camera)
}

// Until waits until a camera is in a state.
func (p *Process) Until(ctx context.Context, id, state string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		camera, err := p.Camera(id)
		if err != nil || camera.State == state {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("camera %s is %s, not %s: %s", id, camera.State, state, p.Log())
		}
	}
}
