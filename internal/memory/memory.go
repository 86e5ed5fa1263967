// Package memory says how much memory this process takes and how much it may take.
package memory

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// Available is how much memory this process may take, in bytes: that of the machine, or the limit of its control group if that is
// lower. It is 0 if neither is known.
func Available() int64 { return available("/") }

// available reads the files below root.
func available(root string) int64 {
	total := machine(root)
	for _, limit := range groupLimits(root) {
		if total == 0 || limit < total {
			total = limit
		}
	}
	return total
}

// machine is the memory of the machine in bytes, 0 if it is not known.
func machine(root string) int64 {
	text, err := os.ReadFile(filepath.Join(root, "proc/meminfo"))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "MemTotal:")
	number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	return 1024 * parse(number)
}

// groupLimits are the limits of the process's control groups and of those around them. A container sees its own group as the root.
func groupLimits(root string) (limits []int64) {
	groups, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(groups)) { // hierarchy:controllers:path
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		mount, file := "", ""
		switch {
		case fields[1] == "":
			mount, file = "sys/fs/cgroup", "memory.max"
		case strings.Contains(","+fields[1]+",", ",memory,"): // version 1
			mount, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		default:
			continue
		}
		for dir := path.Clean("/" + fields[2]); ; dir = path.Dir(dir) {
			if text, err := os.ReadFile(filepath.Join(root, mount, dir, file)); err == nil {
				if limit := parse(string(text)); limit > 0 { // else it is max
					limits = append(limits, limit)
				}
			}
			if dir == "/" {
				break
			}
		}
	}
	return limits
}

// parse reads a number of bytes, 0 for anything else.
func parse(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Meter measures the memory that this process takes. It keeps its file open, so that it also works when no descriptor is left. Any
// goroutine may use it.
type Meter struct{ statm *os.File }

// NewMeter returns a Meter.
func NewMeter() (*Meter, error) {
	statm, err := os.Open("/proc/self/statm")
	if err != nil {
		return nil, err
	}
	return &Meter{statm}, nil
}

// Resident is the memory of the machine that this process takes, in bytes. It includes files that are mapped, and what GStreamer
// and its plugins take. It is 0 if it cannot be read,
// and after Close.
func (m *Meter) Resident() int64 {
	var text [128]byte
	n, _ := m.statm.ReadAt(text[:], 0)
	fields := bytes.Fields(text[:n])
	if len(fields) < 2 {
		return 0
	}
	return parse(string(fields[1])) * int64(os.Getpagesize())
}

// Close ends the Meter.
func (m *Meter) Close() { m.statm.Close() }
