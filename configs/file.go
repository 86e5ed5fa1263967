package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// How large files may be, in bytes. The parser's memory and time grow with the configuration's size.
const (
	maxConfig   = 256 << 10
	maxPassword = 4 << 10
	maxFont     = 32 << 20

	// MaxCertificates is the limit of tls_ca.
	MaxCertificates = 1 << 20
)

// fileTimeout is how long reading a file may take. A file on an unreachable network drive would otherwise block every change, and the
// end of the process.
const fileTimeout = 5 * time.Second

// ReadFile reads a configuration, which must be a regular file of at most 256 KiB.
func ReadFile(path string) ([]byte, error) { return ReadBounded(path, maxConfig) }

// ReadBounded returns the content of a regular file of at most limit bytes. It does not open a device, does not wait for the writer of a
// FIFO, and takes at most fileTimeout.
func ReadBounded(path string, limit int64) ([]byte, error) {
	return within(fileTimeout, path, func() ([]byte, error) { return readRegular(path, limit) })
}

// within calls read and returns its result. If that takes too long, it returns an error, and read continues in the background.
func within(limit time.Duration, path string, read func() ([]byte, error)) ([]byte, error) {
	type result struct {
		content []byte
		err     error
	}
	done := make(chan result, 1)
	go func() {
		content, err := read()
		done <- result{content, err}
	}()
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case r := <-done:
		return r.content, r.err
	case <-late.C:
		return nil, &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("no answer from the file system within %v", limit)}
	}
}

func readRegular(path string, limit int64) ([]byte, error) {
	if info, err := os.Stat(path); err == nil { // before it is opened, which may change the state of a device
		if err := checkFile(info, limit); err != nil {
			return nil, &fs.PathError{Op: "read", Path: path, Err: err}
		}
	}
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat() // again, because the path may lead to another file by now
	if err == nil {
		err = checkFile(info, limit)
	}
	var content bytes.Buffer
	if err == nil {
		_, err = io.Copy(&content, io.LimitReader(file, limit+1)) // the file may grow
	}
	if err == nil && int64(content.Len()) > limit {
		err = tooLarge(limit)
	}
	if err != nil {
		var known *fs.PathError
		if errors.As(err, &known) {
			return nil, err
		}
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	return content.Bytes(), nil
}

func checkFile(info fs.FileInfo, limit int64) error {
	switch {
	case info.IsDir():
		return syscall.EISDIR
	case !info.Mode().IsRegular():
		return errors.New("not a regular file")
	case info.Size() > limit:
		return tooLarge(limit)
	}
	return nil
}

func tooLarge(limit int64) error { return fmt.Errorf("larger than %d KiB", limit>>10) }
