// Package logging writes the log in the background, so that nobody who logs has to wait: a terminal that is stopped, or a collector
// that hangs, must not stop the cameras.
package logging

import (
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/framegate/framegate/internal/terminal"
)

const (
	maxLines = 4096     // that wait to be written
	maxBytes = 1 << 20  // of these lines
	maxLine  = 64 << 10 // of one line, the rest of which is cut off
)

// Log is a log in the format text or json. Its lines are written in the background; those that find too many others waiting are
// dropped and counted.
type Log struct {
	*slog.Logger
	queue   chan entry
	to      io.Writer
	waiting atomic.Int64 // bytes of the lines in queue
	dropped atomic.Int64 // lines
}

// entry is a line to write, or a question whether all lines before it are written.
type entry struct {
	line    []byte
	written chan struct{} // closed for a question; nil for a line
}

// New returns a Log that writes to w, which may block.
func New(w io.Writer, format string, level slog.Leveler) *Log {
	l := &Log{queue: make(chan entry, maxLines), to: terminal.NewWriter(w)}
	options := &slog.HandlerOptions{Level: level}
	if format == "json" {
		l.Logger = slog.New(slog.NewJSONHandler(lines{l}, options))
	} else {
		l.Logger = slog.New(slog.NewTextHandler(lines{l}, options))
	}
	go l.run()
	return l
}

// Stderr is New for stderr. A stderr that nobody reads any more does not end the process, as it would by SIGPIPE.
func Stderr(format string, level slog.Leveler) *Log {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // child processes would inherit signal.Ignore
	return New(os.Stderr, format, level)
}

// Dropped returns how many lines were lost, because they were not written in time or could not be.
func (l *Log) Dropped() int { return int(l.dropped.Load()) }

// Flush waits until all lines are written that were logged before, but not longer than limit. It reports whether they are.
func (l *Log) Flush(limit time.Duration) bool {
	late := time.NewTimer(limit)
	defer late.Stop()
	written := make(chan struct{})
	select {
	case l.queue <- entry{written: written}:
	case <-late.C:
		return false
	}
	select {
	case <-written:
		return true
	case <-late.C:
		return false
	}
}

// run writes the lines.
func (l *Log) run() {
	reported := int64(0)
	for e := range l.queue {
		if e.written != nil {
			close(e.written)
			continue
		}
		_, err := l.to.Write(e.line)
		l.waiting.Add(-int64(len(e.line)))
		if err != nil {
			l.dropped.Add(1)
			continue
		}
		if now := l.dropped.Load(); now != reported {
			l.Warn("lines of the log were dropped, because nobody read them", "lines", now-reported)
			reported = now
		}
	}
}

// lines is the Writer of a Log's handler, which calls it once for each line.
type lines struct{ *Log }

// Write implements io.Writer. It never blocks.
func (l lines) Write(line []byte) (int, error) {
	kept := append([]byte(nil), line[:min(len(line), maxLine)]...)
	if len(kept) < len(line) {
		kept = append(kept[:maxLine-len(cutOff)], cutOff...)
	}
	if l.waiting.Add(int64(len(kept))) <= maxBytes {
		select {
		case l.queue <- entry{line: kept}:
			return len(line), nil
		default:
		}
	}
	l.waiting.Add(-int64(len(kept)))
	l.dropped.Add(1)
	return len(line), nil
}

// cutOff ends a line that was too long.
const cutOff = "… (cut off)\n"
