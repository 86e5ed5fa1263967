package main

import (
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/tools/endure/check"
)

func TestViolationsThatAreAlikeTakeOneLine(t *testing.T) {
	var text strings.Builder
	printViolations(&text, []check.Violation{
		{At: 2 * time.Second, Camera: "a", Text: "it has waited 3.5s"},
		{At: time.Second, Camera: "a", Text: "it has waited 2.25s"},
		{At: time.Second, Camera: "b", Text: "it has waited 200ms"},
		{At: 3 * time.Second, Camera: "a", Fault: "drop", Text: "it has waited 3s"},
	}, []string{"msg=x"})
	want := `
4 violations:

- 1.0 s a: it has waited 2.25s; 2 times, the last one at 2.0 s: it has waited 3.5s
- 1.0 s b: it has waited 200ms
- 3.0 s a (drop): it has waited 3s

framegate's log of these cameras and of memory:

    msg=x
`
	if text.String() != want {
		t.Errorf("got %s", text.String())
	}
}

func TestLogOfAReportIsThatOfItsCameras(t *testing.T) {
	log := "level=INFO msg=x camera=cam1 a=b\nlevel=INFO msg=x camera=cam10\nlevel=WARN msg=\"max_memory is reached\" camera=cam2\nlevel=INFO msg=y camera=cam1\n"
	got := strings.Join(logOf(log, []check.Violation{{Camera: "cam1"}, {}}), "\n")
	if want := "level=INFO msg=x camera=cam1 a=b\nlevel=WARN msg=\"max_memory is reached\" camera=cam2\nlevel=INFO msg=y camera=cam1"; got != want {
		t.Errorf("got %s", got)
	}
}
