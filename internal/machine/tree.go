package machine

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ProcessorOfAll is the processor time of a process and of all that descend from it and still run.
func ProcessorOfAll(pid int) (sum time.Duration, err error) {
	all, err := tree(pid)
	if err != nil {
		return 0, err
	}
	for _, one := range all {
		took, err := Processor(one)
		if err != nil && !errors.Is(err, unix.ESRCH) && !errors.Is(err, unix.EINVAL) { // it has ended meanwhile
			return 0, err
		}
		sum += took
	}
	return sum, nil
}

// MemoryOfAll is the resident memory of a process and of all that descend from it, in bytes. What they share counts for each.
func MemoryOfAll(pid int) (sum float64, err error) {
	all, err := tree(pid)
	for _, one := range all {
		sum += Memory(one)
	}
	return sum, err
}

// tree returns a process and all that descend from it.
func tree(pid int) (all []int, err error) {
	parents, err := parents()
	if err != nil {
		return nil, err
	}
	for one := range parents {
		for up := one; up > 1; up = parents[up] {
			if up == pid {
				all = append(all, one)
				break
			}
		}
	}
	return all, nil
}

// parents returns the parent of each process, from proc(5).
func parents() (map[int]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	all := map[int]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if len(fields) > 1 {
			all[pid], _ = strconv.Atoi(fields[1])
		}
	}
	return all, nil
}
