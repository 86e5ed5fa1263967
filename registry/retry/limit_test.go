package retry

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestLogOfACameraIsBounded(t *testing.T) {
	var out bytes.Buffer
	handler := Limited(slog.NewTextHandler(&out, nil)).WithAttrs([]slog.Attr{slog.String("camera", "gate")})
	began := time.Unix(1000, 0)
	for ms := range 10_000 {
		handler.Handle(t.Context(), slog.NewRecord(began.Add(time.Duration(ms)*time.Millisecond), slog.LevelInfo, "again", 0))
	}
	lines := strings.Count(out.String(), "\n")
	if most := linesAtOnce + 10*linesPerSecond; lines > most || lines < most-1 {
		t.Errorf("%d lines in 10 s, want %d", lines, most)
	}
	if !strings.Contains(out.String(), "camera=gate lines_left_out=199") {
		t.Errorf("the log does not say what was left out:\n%s", out.String())
	}
}
