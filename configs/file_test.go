package configs

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFilesAreRegularAndOfBoundedSize(t *testing.T) {
	folder := t.TempDir()
	fifo, large := filepath.Join(folder, "fifo"), filepath.Join(folder, "large")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, 1<<40); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{fifo: "not a regular file", "/dev/zero": "not a regular file", folder: "is a directory", large: "larger than"} {
		if _, err := Load(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s as the configuration: got %v, want %s", file, err, want)
		}
		for _, text := range []string{
			"placeholders: {font: '" + file + "'}",
			"cameras: [{id: a, url: 'rtsp://h/', username: u, password_file: '" + file + "'}]",
			"cameras: [{id: a, url: 'rtsps://h/', tls_ca: '" + file + "'}]",
		} {
			if _, err := parse(t, text); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %s", text, err, want)
			}
		}
	}
}

func TestFileSystemThatHangsIsNotWaitedFor(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	_, err := within(time.Millisecond, "/mnt/away/password", func() ([]byte, error) {
		<-hang
		return nil, nil
	})
	if err == nil || !strings.Contains(err.Error(), "/mnt/away/password: no answer") {
		t.Errorf("got %v", err)
	}
}
