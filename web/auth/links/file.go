package links

import (
	"errors"
	"os"
	"syscall"

	"github.com/framegate/framegate/internal/state"
)

// watched is a file of the state directory that other processes change too.
type watched struct {
	name string
	last stamp  // of what was read last
	said string // the last error that was logged
	open func(name string) ([]byte, error)
}

// noDirectory is why there is no state directory, and so no file in it.
type noDirectory struct{ error }

// stamp distinguishes a file from those that were in its place before, and from itself before it was changed or given to others.
type stamp struct {
	inode   uint64
	changed int64 // ns since 1970
}

func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}, err
	}
	detail := info.Sys().(*syscall.Stat_t) // as on every Unix
	return stamp{detail.Ino, detail.Ctim.Nano()}, nil
}

// read returns the content of the file if it is another one than before, nil if it is gone. If changed is false, it is the same, or the error
// says that this cannot be found out.
func (f *watched) read() (content []byte, changed bool, err error) {
	path, err := state.Path(f.name)
	if err != nil {
		return nil, false, noDirectory{err}
	}
	now, err := stampOf(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, false, err
	}
	if now == f.last {
		return nil, false, nil
	}
	content, err = f.open(f.name)
	if errors.Is(err, os.ErrNotExist) {
		content, err = nil, nil
	}
	if err == nil { // or it is read again the next time
		f.last = now
	}
	return content, true, err
}

// isNew reports whether an error, or nil, is another one than the last time, so that what lasts is logged once.
func (f *watched) isNew(err error) bool {
	said := ""
	if err != nil {
		said = err.Error()
	}
	was := f.said
	f.said = said
	return said != was && err != nil
}
