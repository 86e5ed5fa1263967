// Package machine describes the machine and what a process uses of it, for benchmarks and endurance runs.
package machine

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/framegate/framegate/pipeline"

	"golang.org/x/sys/unix"
)

// String describes the machine and the software on which figures were measured.
func String() string {
	return fmt.Sprintf("%d cores of an %s, %s, GStreamer %s, %s", runtime.NumCPU(), cpuModel(), system(), pipeline.Version(), runtime.Version())
}

// cpuModel names the processor.
func cpuModel() string {
	if name := field("/proc/cpuinfo", "model name", ":"); name != "" {
		return name
	}
	return runtime.GOARCH + " processor"
}

// system names the operating system.
func system() string {
	if name := field("/etc/os-release", "PRETTY_NAME", "="); name != "" {
		return strings.Trim(name, `"`)
	}
	return runtime.GOOS
}

// field returns the first value of a key in a file.
func field(path, key, separator string) string {
	text, _ := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, separator); ok && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Processor is the processor time that a process has used, including that of threads that have ended, to the nanosecond. The
// number of its clock follows from that of the process, see clock_getcpuclockid(3).
func Processor(pid int) (time.Duration, error) {
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

// Threads is the number of a process's threads.
func Threads(pid int) int {
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	return len(tasks)
}

// Load measures for a time how many cores a process keeps busy.
func Load(pid int, length time.Duration) (float64, error) {
	before, err := Processor(pid)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	time.Sleep(length)
	took := time.Since(began)
	after, err := Processor(pid)
	return (after - before).Seconds() / took.Seconds(), err
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
