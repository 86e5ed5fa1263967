package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// server is the framegate that is measured.
type server struct {
	cmd  *exec.Cmd
	dir  string
	url  string
	log  *lines
	read chan struct{}
}

// lines collects what a process writes.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.WriteString(line + "\n")
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// startServer serves one camera, whose pictures end as soon as nobody watches.
func startServer(ctx context.Context, binary, camera string) (*server, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "framegate.yaml")
	text := fmt.Sprintf("cameras: [{id: gate, scale: 0.25, idle_timeout: 0s, url: %q}]\n", camera)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	s := &server{cmd: exec.Command(binary, "serve", "--config", config, "--listen", "127.0.0.1:0"), dir: dir, log: &lines{}, read: make(chan struct{})}
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	serving := make(chan string, 1)
	go func() {
		defer close(s.read)
		for in := bufio.NewScanner(stderr); in.Scan(); {
			s.log.add(in.Text())
			if _, rest, ok := strings.Cut(in.Text(), "msg=serving url="); ok {
				url, _, _ := strings.Cut(rest, "/ ")
				serving <- url
			}
		}
	}()
	select {
	case s.url = <-serving:
		return s, s.until(ctx, "ready")
	case <-s.read:
		return nil, fmt.Errorf("framegate ended: %s", s.log)
	case <-ctx.Done():
		s.stop()
		return nil, ctx.Err()
	}
}

func (s *server) stop() {
	s.cmd.Process.Signal(syscall.SIGTERM)
	<-s.read
	s.cmd.Wait()
	os.RemoveAll(s.dir)
}

// until waits until the camera is in a state.
func (s *server) until(ctx context.Context, state string) error {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		resp, err := http.Get(s.url + "/api/cameras/gate")
		if err != nil {
			return err
		}
		var camera struct{ State string }
		err = json.NewDecoder(resp.Body).Decode(&camera)
		resp.Body.Close()
		if err != nil {
			return err
		}
		if camera.State == state {
			return nil
		}
	}
	return errors.New("the camera does not become " + state)
}

// cpu is the processor time that the server has used.
func (s *server) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// Behind the name in parentheses, utime and stime are the 12th and 13th field, in ticks of 10 ms (proc(5)).
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 13 {
		return 0, errors.New("/proc/PID/stat is too short")
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond, nil
}

// memory is the server's resident memory in bytes.
func (s *server) memory() int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.cmd.Process.Pid))
	if fields := strings.Fields(string(text)); len(fields) > 1 {
		pages, _ := strconv.Atoi(fields[1])
		return pages * os.Getpagesize()
	}
	return 0
}

// cpuModel names the processor.
func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}
