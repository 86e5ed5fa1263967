package memory

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLimitIsThatOfTheMachineOrOfTheControlGroup(t *testing.T) {
	const machine = "MemTotal:        4000000 kB\nMemFree:   1000 kB\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"a machine":                  {map[string]string{"proc/meminfo": machine}, 4_096_000_000},
		"nothing is known":           {nil, 0},
		"a container":                {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "536870912\n"}, 512 << 20},
		"a service without a limit":  {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "0::/system.slice/framegate.service\n", "sys/fs/cgroup/system.slice/framegate.service/memory.max": "max\n"}, 4_096_000_000},
		"a slice around the service": {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "0::/system.slice/framegate.service\n", "sys/fs/cgroup/system.slice/memory.max": "1073741824\n"}, 1 << 30},
		"version 1": {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "5:cpu,cpuacct:/a\n4:memory:/docker/1\n",
			"sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes": "268435456\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 256 << 20},
		"version 1 in a container": {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "4:memory:/docker/1\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "268435456\n"}, 256 << 20},
	} {
		root := t.TempDir()
		for file, text := range c.files {
			place := filepath.Join(root, file)
			if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(place, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := available(root); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestResidentMemoryGrowsWithWhatIsUsed(t *testing.T) {
	m, err := NewMeter()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	before := m.Resident()
	used := make([]byte, 64<<20)
	for i := 0; i < len(used); i += 4096 {
		used[i] = 1
	}
	if grown := m.Resident() - before; before <= 0 || grown < 32<<20 {
		t.Errorf("%d bytes, %d more after %d were used", before, grown, len(used))
	}
	used[0]++
}
