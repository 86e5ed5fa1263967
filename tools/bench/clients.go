package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/framegate/framegate/clients"
	"github.com/framegate/framegate/internal/machine"
	"github.com/framegate/framegate/internal/rig"
	"github.com/framegate/framegate/internal/table"
	"github.com/framegate/framegate/internal/testcam"
)

//go:embed python/client.py
var clientScript []byte

// clientKinds are the ways in which a program gets its pictures.
var clientKinds = []struct{ kind, name string }{
	{"framegate", "%s with framegate's client"},
	{"opencv", "%s with cv2.VideoCapture"},
}

// clients compares programs in Python that look at the pictures of one camera at half size: with framegate's client, and with OpenCV's
// own reader.
func (b *bench) clients(ctx context.Context) error {
	if exec.Command("/usr/bin/python3", "-c", "import cv2, numpy").Run() != nil {
		b.add(table.Row{Name: "programs in Python", Missing: "OpenCV for Python is not installed"})
		return nil
	}
	cameras, server, stop, err := b.serveOne(ctx)
	if err != nil {
		return err
	}
	defer stop()
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	err = errors.Join(
		os.WriteFile(filepath.Join(folder, "framegate.py"), clients.Python, 0o600),
		os.WriteFile(filepath.Join(folder, "client.py"), clientScript, 0o600))
	if err != nil {
		return err
	}
	v := clientPrograms{cameras: cameras, script: filepath.Join(folder, "client.py"), urls: map[string]string{
		"framegate": server.URL + "/cameras/cam1?width=960", "opencv": cameras.URL("cam1"),
	}, servers: map[string]int{"framegate": server.PID()}}
	for _, n := range []int{1, 4, 8} {
		costs := map[string]float64{} // by kind: processor time of a frame, since fewer of them cost less
		for _, k := range clientKinds {
			m, err := v.measure(ctx, k.kind, n, 0, b.Time)
			if err != nil {
				return fmt.Errorf("%s: %w", k.kind, err)
			}
			costs[k.kind] = m.load / m.rate()
			name := fmt.Sprintf(k.name, counted(n, "program"))
			age := table.Row{Name: name + ": age of a frame, median", Value: table.Quantile(m.ages, 0.5), Unit: "ms"}
			if k.kind == "framegate" {
				age.AtMost = 100
			}
			b.add(table.Row{Name: name, Value: 100 * m.load, Unit: ofACore})
			b.add(table.Row{Name: name + ": the slowest one's rate", Value: slices.Min(m.rates), Unit: "fps"})
			b.add(age)
		}
		ratio := table.Row{Name: counted(n, "program") + ": processor time of a frame, against cv2.VideoCapture", Value: costs["framegate"] / costs["opencv"]}
		if n == 8 {
			ratio.AtMost = 0.5
		}
		b.add(ratio)
	}
	for _, k := range clientKinds {
		m, err := v.measure(ctx, k.kind, 1, clientPause, 6*clientPause)
		if err != nil {
			return fmt.Errorf("%s: %w", k.kind, err)
		}
		row := table.Row{Name: fmt.Sprintf(k.name, "1 program") + fmt.Sprintf(" and a pause of %v after each frame: age of a frame, median", clientPause),
			Value: table.Quantile(m.ages, 0.5), Unit: "ms"}
		if k.kind == "framegate" {
			row.AtMost = 100
		}
		b.add(row)
	}
	return nil
}

// clientPause is how long a slow program takes for a frame.
const clientPause = 2 * time.Second

// clientPrograms runs programs that look at the camera cam1.
type clientPrograms struct {
	cameras *testcam.Server
	script  string
	urls    map[string]string // by kind
	servers map[string]int    // the process id of the server of a kind, if it has one
}

// watched is what some programs cost and got.
type watched struct {
	load  float64   // of all programs and their server, in cores
	rates []float64 // of each, in frames a second
	ages  []float64 // of all programs' frames, in ms: from when the camera sent a frame until the program had it
}

// rate is how many frames a second all got together.
func (w watched) rate() (sum float64) {
	for _, rate := range w.rates {
		sum += rate
	}
	return sum
}

// measure runs n programs of a kind, waits until their load is steady, and measures them for a time.
func (v *clientPrograms) measure(ctx context.Context, kind string, n int, pause, length time.Duration) (watched, error) {
	var pids []int
	if pid := v.servers[kind]; pid != 0 {
		pids = append(pids, pid)
	}
	programs := make([]*clientProgram, n)
	var reading sync.WaitGroup
	defer reading.Wait()
	for i := range programs {
		p, err := v.begin(kind, pause)
		if err != nil {
			return watched{}, err
		}
		defer end(p.cmd)
		reading.Go(p.read)
		programs[i] = p
		pids = append(pids, p.cmd.Process.Pid)
	}
	for _, p := range programs {
		select {
		case <-p.first:
		case <-time.After(time.Minute):
			return watched{}, errors.New("a program gets no picture")
		case <-ctx.Done():
			return watched{}, ctx.Err()
		}
	}
	time.Sleep(rig.Settle)
	for _, p := range programs {
		p.take()
	}
	load, err := loadOfAll(pids, length)
	if err != nil {
		return watched{}, err
	}
	w := watched{load: load}
	for _, p := range programs {
		ages := p.take()
		w.rates = append(w.rates, float64(len(ages))/length.Seconds())
		w.ages = append(w.ages, ages...)
	}
	if len(w.ages) == 0 {
		return w, errors.New("no program gets a picture")
	}
	return w, ctx.Err()
}

// clientProgram is one program.
type clientProgram struct {
	cameras *testcam.Server
	cmd     *exec.Cmd
	out     io.Reader
	first   chan struct{} // closed with the first frame

	mu   sync.Mutex // guards ages
	ages []float64
}

func (v *clientPrograms) begin(kind string, pause time.Duration) (*clientProgram, error) {
	cmd := exec.Command("/usr/bin/python3", v.script, kind, v.urls[kind], fmt.Sprint(pause.Seconds()))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &clientProgram{cameras: v.cameras, cmd: cmd, out: out, first: make(chan struct{})}, cmd.Start()
}

// read reads what the program prints until it ends.
func (p *clientProgram) read() {
	begun := false
	for lines := bufio.NewScanner(p.out); lines.Scan(); {
		var at float64
		var number int
		if _, err := fmt.Sscan(lines.Text(), &at, &number); err != nil {
			continue
		}
		had := time.UnixMicro(int64(at * 1e6))
		if sent, ok := p.cameras.SentBefore("cam1", number, had); ok {
			p.mu.Lock()
			p.ages = append(p.ages, millis(had.Sub(sent)))
			p.mu.Unlock()
		}
		if !begun {
			begun = true
			close(p.first)
		}
	}
}

// take returns the ages of the frames since the last call.
func (p *clientProgram) take() []float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	ages := p.ages
	p.ages = nil
	return ages
}

// loadOfAll measures for a time how many cores some processes keep busy together.
func loadOfAll(pids []int, length time.Duration) (cores float64, err error) {
	used := func() (sum time.Duration, err error) {
		for _, pid := range pids {
			t, err := machine.Processor(pid)
			if err != nil {
				return 0, err
			}
			sum += t
		}
		return sum, nil
	}
	before, err := used()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	time.Sleep(length)
	took := time.Since(began)
	after, err := used()
	return (after - before).Seconds() / took.Seconds(), err
}
