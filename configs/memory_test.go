package configs

import "testing"

func TestAmountsOfMemory(t *testing.T) {
	const machine = 8 << 30
	for text, want := range map[string]int64{
		"2GiB": 2 << 30, "512MiB": 512 << 20, "1.5 GiB": 3 << 29, "500MB": 500_000_000, "65536KiB": 64 << 20,
		"75%": 6 << 30, "100%": machine, "0": 0,
	} {
		config := mustParse(t, "max_memory: "+text)
		if got := config.MaxMemory.Of(machine); got != want {
			t.Errorf("%s is %d bytes, want %d", text, got, want)
		}
	}
	for _, text := range []string{"2", "2G", "-1GiB", "1MiB", "0%", "101%", "NaN%", "much", "9e99GiB"} {
		if _, d := decode("test.yaml", []byte("max_memory: "+text), environment); len(d.faults) != 1 {
			t.Errorf("%s has the faults %v", text, d.faults)
		}
	}
}
