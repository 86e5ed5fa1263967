package imports

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// root is the folder of the module, seen from this package.
const root = "../.."

// testCommand finds go test with -run in a text: what stands before -run, and the pattern.
var testCommand = regexp.MustCompile("go test ([^`\n]*?)-run '?([^`'\\s]+)")

// testFunction finds the names of tests and fuzz targets in a file.
var testFunction = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)

// TestCommandsOfTheDocsRunTests has no documented command that runs no test and so always succeeds.
func TestCommandsOfTheDocsRunTests(t *testing.T) {
	found := 0
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, command := range testCommand.FindAllStringSubmatch(string(text), -1) {
			found++
			for pattern := range strings.SplitSeq(strings.ReplaceAll(command[2], `\|`, "|"), "|") { // a table escapes it
				if !runsATest(t, command[1], pattern) {
					t.Errorf("%s: %q runs no test of %s", page, command[0], pattern)
				}
			}
		}
	}
	if found == 0 {
		t.Error("no command was found")
	}
}

// pages are the Markdown files of the project.
func pages(t *testing.T) (all []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".md") {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// runsATest reports whether a package of a command has a test that matches a pattern.
func runsATest(t *testing.T, command, pattern string) bool {
	t.Helper()
	matches, err := regexp.Compile(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range strings.Fields(command) {
		if !strings.HasPrefix(word, "./") {
			continue
		}
		files, _ := filepath.Glob(filepath.Join(root, strings.TrimSuffix(word, "/..."), "*_test.go"))
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, test := range testFunction.FindAllStringSubmatch(string(text), -1) {
				if matches.MatchString(test[1]) {
					return true
				}
			}
		}
	}
	return false
}

// TestTestsThatTheDocsNameExist looks at names of tests and fuzz targets in the tables of security.md.
func TestTestsThatTheDocsNameExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs/security.md"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := os.ReadFile(path)
		for _, f := range testFunction.FindAllStringSubmatch(string(file), -1) {
			known[f[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		isRow := len(cells) == 3 && !strings.Contains(line, "---") && strings.TrimSpace(cells[2]) != "test"
		if isRow && !strings.Contains(cells[1], "**nothing") && !strings.Contains(cells[2], "`Test") {
			t.Errorf("no test is named for: %s", strings.TrimSpace(cells[0]))
		}
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(string(text), -1)
	if len(named) < 20 {
		t.Errorf("only %d tests are named", len(named))
	}
	for _, name := range named {
		if !known[name[1]] {
			t.Errorf("there is no %s", name[1])
		}
	}
}
