package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"framegate/internal/process"
)

// startServer serves one camera, whose pictures end as soon as nobody watches.
func startServer(ctx context.Context, binary, camera string) (*process.Process, error) {
	file, err := os.CreateTemp("", "bench*.yaml")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	_, err = fmt.Fprintf(file, "cameras: [{id: gate, scale: 0.25, idle_timeout: 0s, url: %q}]\n", camera)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	p, err := process.Start(binary, "--config", file.Name())
	if err != nil {
		return nil, err
	}
	if err := p.Until(ctx, "gate", "ready"); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// cpu is the processor time that a process has used.
func cpu(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
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

// memory is the resident memory of a process in bytes.
func memory(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
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
