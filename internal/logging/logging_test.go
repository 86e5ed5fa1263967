package logging

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// collector is a Writer that can be stopped.
type collector struct {
	mu   sync.Mutex // held while it is stopped
	text strings.Builder
	err  error
}

func (c *collector) Write(line []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	return c.text.Write(line)
}

// flush waits for the lines, also on a busy machine.
func flush(t *testing.T, l *Log) {
	t.Helper()
	if !l.Flush(time.Minute) {
		t.Fatal("the lines are not written")
	}
}

func TestLinesAreWrittenInOrder(t *testing.T) {
	c := &collector{}
	l := New(c, "text", slog.LevelInfo)
	for i := range 1000 {
		l.Info("line", "n", i, "said", "\x1b[2J")
		l.Debug("not this one")
		if i%100 == 0 {
			flush(t, l)
		}
	}
	flush(t, l)
	got := strings.Split(strings.TrimSpace(c.text.String()), "\n")
	if len(got) != 1000 || l.Dropped() != 0 {
		t.Fatalf("%d lines, %d dropped", len(got), l.Dropped())
	}
	for i, line := range got {
		if !strings.HasSuffix(line, fmt.Sprintf(`level=INFO msg=line n=%d said="\x1b[2J"`, i)) {
			t.Fatalf("line %d is %q", i, line)
		}
	}
}

func TestLogThatNobodyReadsBlocksNobodyAndIsCounted(t *testing.T) {
	c := &collector{}
	l := New(c, "json", slog.LevelInfo)
	c.mu.Lock()
	for range 3 * maxLines {
		l.Info("line")
	}
	for range 100 {
		l.Info(strings.Repeat("long", maxLine))
	}
	if l.Flush(time.Millisecond) {
		t.Error("lines that nobody reads are written")
	}
	dropped := l.Dropped()
	if dropped < 2*maxLines {
		t.Errorf("%d lines dropped", dropped)
	}
	if held := l.waiting.Load(); held > maxBytes {
		t.Errorf("%d bytes wait", held)
	}
	c.mu.Unlock()
	flush(t, l)
	flush(t, l) // the report of dropped lines is logged while the lines are written
	if text := c.text.String(); !strings.Contains(text, `"msg":"lines of the log were dropped`) || !strings.HasSuffix(text, "\n") {
		t.Errorf("the end of the log is %.300q", text[max(0, len(text)-300):])
	}
}

func TestLongLineIsCutOff(t *testing.T) {
	c := &collector{}
	l := New(c, "text", slog.LevelInfo)
	l.Info(strings.Repeat("x", 2*maxLine))
	flush(t, l)
	if text := c.text.String(); len(text) != maxLine || !strings.HasSuffix(text, cutOff) {
		t.Errorf("%d bytes: %.40q", len(text), text[max(0, len(text)-40):])
	}
}

func TestLinesThatCannotBeWrittenAreCounted(t *testing.T) {
	c := &collector{err: errors.New("broken pipe")}
	l := New(c, "text", slog.LevelInfo)
	l.Info("lost")
	flush(t, l)
	if l.Dropped() != 1 {
		t.Errorf("%d lines dropped", l.Dropped())
	}
}

func TestFullPipeDoesNotBlock(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	l := New(w, "text", slog.LevelInfo)
	for range 3 * maxLines {
		l.Info("a line that nobody reads")
	}
	if l.Dropped() == 0 {
		t.Error("no line was dropped")
	}
}
