package rig

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Load is how many cores a process keeps busy, over a time.
func Load(pid int, length time.Duration) (float64, error) {
	before, err := CPU(pid)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	time.Sleep(length)
	took := time.Since(began)
	after, err := CPU(pid)
	return (after - before).Seconds() / took.Seconds(), err
}

// CPU is the processor time that a process has used, its ended threads included, to the nanosecond: its clock
// is named by its number in the way of clock_getcpuclockid(3).
func CPU(pid int) (time.Duration, error) {
	const schedulers = 2
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|schedulers), &t); err != nil {
		return 0, fmt.Errorf("processor time of %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// Memory is the resident memory of a process in bytes.
func Memory(pid int) float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if fields := strings.Fields(string(text)); len(fields) > 1 {
		pages, _ := strconv.Atoi(fields[1])
		return float64(pages * os.Getpagesize())
	}
	return 0
}
