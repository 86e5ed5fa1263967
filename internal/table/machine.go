package table

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"framegate/pipeline"
)

// machine describes what the figures were measured on.
func machine() string {
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

// field finds the first value of a key in a file.
func field(path, key, separator string) string {
	text, _ := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, separator); ok && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
