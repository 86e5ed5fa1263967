package configs

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Memory is an amount of memory: a number of bytes with its unit, such as 512MiB or 2GiB, or a part of what the machine or the
// container has, such as 75%. The value 0 stands for no limit.
type Memory string

var memoryUnits = []struct {
	name  string
	bytes float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}}

// minMemory is less than framegate takes without cameras.
const minMemory = 32 << 20

// Of returns the amount in bytes on a machine that has so many bytes, 0 for no limit.
func (m Memory) Of(machine int64) int64 {
	bytes, part, _ := m.parse()
	if part > 0 {
		return int64(part * float64(machine))
	}
	return int64(bytes)
}

// parse returns either the bytes or the part, from 0 to 1, and 0 for the other. The error completes the sentence 'it must be …'.
func (m Memory) parse() (bytes, part float64, err error) {
	wrong := errors.New("an amount of memory of 32MiB or more, such as 512MiB or 2GiB, or a part of what the machine has, such as 75%, or 0 for no limit")
	if m == "0" || m == "" {
		return 0, 0, nil
	}
	number, isPart := strings.CutSuffix(string(m), "%")
	unit := 0.01
	if !isPart {
		for _, u := range memoryUnits {
			if n, ok := strings.CutSuffix(string(m), u.name); ok {
				number, unit = n, u.bytes
			}
		}
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	switch {
	case err != nil || math.IsNaN(n):
		return 0, 0, wrong
	case isPart && n >= 1 && n <= 100:
		return 0, n * unit, nil
	case !isPart && unit >= 1 && n*unit >= minMemory && n*unit <= 1<<50:
		return n * unit, 0, nil
	}
	return 0, 0, wrong
}
