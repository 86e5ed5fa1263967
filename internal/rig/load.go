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

// Busy is the processor time that all processes together have used since the machine was started.
func Busy() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	var user, nice, system, idle, wait, irq, soft, steal int64 // in hundredths of a second: proc(5)
	if _, err := fmt.Sscanf(string(text), "cpu %d %d %d %d %d %d %d %d", &user, &nice, &system, &idle, &wait, &irq, &soft, &steal); err != nil {
		return 0, fmt.Errorf("/proc/stat: %w", err)
	}
	return time.Duration(user+nice+system+irq+soft) * 10 * time.Millisecond, nil
}
