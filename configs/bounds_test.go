package configs

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// allocated returns how many bytes f takes from the heap.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestDeepYAMLIsRefusedBeforeItTakesMemory(t *testing.T) {
	for _, opening := range []string{"[", "{", "{a: ", "- ", "? ", "&a ", "!a ", "*a ", "[&a "} {
		text := strings.Repeat(opening, 40_000/len(opening))
		var err error
		taken := allocated(func() { _, err = parse(t, text) })
		if err == nil || !strings.Contains(err.Error(), "nested too deeply") {
			t.Errorf("40 KB of %q: %.100v", opening, err)
		}
		if taken > 64<<20 {
			t.Errorf("40 KB of %q take %d MB", opening, taken>>20)
		}
	}
	var indented strings.Builder
	for i := range 250 {
		fmt.Fprintf(&indented, "%*sa:\n", i, "")
	}
	if _, err := parse(t, indented.String()); err == nil || !strings.Contains(err.Error(), "nested too deeply") {
		t.Errorf("250 mappings inside one another: %.100v", err)
	}
}

func TestLargeYAMLIsRefusedBeforeItTakesTime(t *testing.T) {
	for text, want := range map[string]string{
		strings.Repeat("a: b\n", 20_000):               "too many keys and values",
		strings.Repeat("a ", maxConfig/2) + "and more": "larger than 256 KiB",
	} {
		if _, err := parse(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %.100v, want %s", err, want)
		}
	}
}

func TestManyCamerasAreNotTooLarge(t *testing.T) {
	var text strings.Builder
	text.WriteString("cameras:\n")
	for i := range 300 {
		fmt.Fprintf(&text, "  - id: camera-%d # of building %d\n    url: rtsp://192.0.2.1:554/h264/%d\n    username: u\n    password: p\n    overlay: {name: true, text: x}\n", i, i, i)
	}
	if config := mustParse(t, text.String()); len(config.Cameras) != 300 {
		t.Errorf("%d cameras", len(config.Cameras))
	}
}

func TestAliasesInARowAreNotNested(t *testing.T) {
	mustParse(t, "x-a: &a [b]\nx-b: ["+strings.Repeat("*a, ", 200)+"]\nx-c: {"+"a: *a, b: *a"+"}\nx-d: [[[[]]], "+strings.Repeat("[], ", 200)+"]\n")
}

func TestFaultsAreLimited(t *testing.T) {
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "key%d: 1\n", i)
	}
	_, err := parse(t, text.String())
	var faults Faults
	if !errors.As(err, &faults) || len(faults) != maxFaults+1 || !strings.Contains(faults[maxFaults].Message, "not listed") {
		t.Errorf("%d faults", len(faults))
	}
}

// TestFaultsNeverQuoteAPassword writes passwords without the quotes that they need.
func TestFaultsNeverQuoteAPassword(t *testing.T) {
	forms := []string{
		"cameras:\n  - id: a\n    url: rtsp://h/\n    username: u\n    password: %s\n",
		"cameras:\n  - id: a\n    url: rtsp://h/\n    password: %s\n    username: u\n",
		"cameras: [{id: a, url: 'rtsp://h/', username: u, password: %s}]\n",
		"cameras: [{id: a, url: 'rtsp://h/', password: %s, username: u}]\n",
	}
	var passwords []string
	for first := '!'; first < 0x7F; first++ {
		for _, form := range []string{"%chunter2", "%c hunter2", "x%chunter2", "x%c hunter2", "x %chunter2", "%[1]c%[1]chunter2", "%c2hunter2", "%[1]chunter2%[1]c"} {
			passwords = append(passwords, fmt.Sprintf(form, first))
		}
	}
	passwords = append(passwords, "|\nhunter2", "'it's hunter2", `"\hunter2"`, `"\uhunter2"`, "a${hunter2}", "${hunter2", "${hunter2 }", "!!int hunter2", "&a *hunter2", "%YAML hunter2")
	for _, password := range passwords {
		for _, form := range forms {
			_, err := parse(t, fmt.Sprintf(form, password))
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("password: %s is shown: %v", password, err)
			}
		}
	}
}

func TestTagsAreFaultsWithoutTheirValue(t *testing.T) {
	for _, value := range []string{"!secret hunter2", "!hunter2", "! hunter2", "!!binary hunter2", "&a !hunter2 x", "!secret [hunter2]"} {
		for _, text := range []string{"cameras:\n  - id: a\n    url: rtsp://h/\n    username: u\n    password: %s\n", "listen: %s\n", "cors_origins:\n  - %s\n"} {
			_, err := parse(t, fmt.Sprintf(text, value))
			if err == nil || !strings.Contains(err.Error(), "begins with ! must be in quotes") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: %v", value, err)
			}
		}
	}
	if config := mustParse(t, "cameras: [{id: a, url: 'rtsp://h/', username: u, password: !!str 12}]"); config.Cameras[0].Password != "12" {
		t.Errorf("!!str 12 is %q", string(config.Cameras[0].Password))
	}
}

func TestByteOrderMarkIsAccepted(t *testing.T) {
	if config := mustParse(t, "\uFEFFcameras: [{id: a, url: 'rtsp://h/'}]"); len(config.Cameras) != 1 {
		t.Errorf("%+v", config.Cameras)
	}
	_, err := parse(t, "\uFEFFlissen: x\n")
	var faults Faults
	if !errors.As(err, &faults) || faults[0].Column != 1 {
		t.Errorf("got %v, want a fault in column 1", err)
	}
}
