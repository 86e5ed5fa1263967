package imports

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The limits that CONTRIBUTING.md states.
const (
	maxLines = 400 // of a file
	maxFiles = 14  // of Go in a package, besides tests
)

// TestFilesAndPackagesAreSmall has no file of more than maxLines, and no package of more than maxFiles for which CONTRIBUTING.md gives
// no reason.
func TestFilesAndPackagesAreSmall(t *testing.T) {
	contributing, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]int{} // by the folder of their package
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		isGo := strings.HasSuffix(name, ".go")
		if err != nil || !isGo && !strings.HasSuffix(name, ".c") && !strings.HasSuffix(name, ".h") {
			return err
		}
		text, err := os.ReadFile(path)
		if lines := bytes.Count(text, []byte("\n")); lines > maxLines {
			t.Errorf("%s has %d lines, more than %d", path, lines, maxLines)
		}
		if isGo && !strings.HasSuffix(name, "_test.go") {
			files[filepath.Dir(path)]++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for folder, n := range files {
		name, _ := filepath.Rel(root, folder)
		reason := strings.Contains(string(contributing), "\n| `"+name+"` |")
		if n > maxFiles && !reason {
			t.Errorf("%s has %d files, more than %d, and CONTRIBUTING.md gives no reason", name, n, maxFiles)
		}
		if n <= maxFiles && reason {
			t.Errorf("CONTRIBUTING.md gives a reason why %s is large, but it has only %d files", name, n)
		}
	}
}
