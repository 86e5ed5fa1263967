package edit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// do makes a request that is written as post, put, patch, delete, user or no-user, then an id or a name except for post, then JSON.
func do(f *File, request string) error {
	method, rest, _ := strings.Cut(request, " ")
	id := ""
	if method != "post" {
		id, rest, _ = strings.Cut(rest, " ")
	}
	var keys Keys
	if method != "delete" && method != "no-user" {
		var err error
		if keys, err = ParseKeys([]byte(rest)); err != nil {
			return err
		}
	}
	var err error
	switch method {
	case "post":
		_, err = f.Add(keys)
	case "put":
		_, err = f.Replace(id, keys)
	case "patch":
		err = f.Change(id, keys)
	case "delete":
		err = f.Remove(id)
	case "user":
		_, err = f.SetUser(id, keys, nil)
	case "no-user":
		err = f.RemoveUser(id, nil)
	default:
		panic(request)
	}
	return err
}

// fileWith returns a file with this content.
func fileWith(t testing.TB, content string) *File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "site.yaml")
	if err := os.WriteFile(path, []byte(content), 0o640); err != nil {
		t.Fatal(err)
	}
	return &File{Path: path}
}

func contentOf(t testing.TB, f *File) string {
	t.Helper()
	content, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestFileIsEdited reads testdata: a request, the text before, and the text after or why it is refused. Each request is made
// with lines that end in LF, with lines that end in CRLF, and with a last line that has no end.
func TestFileIsEdited(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txt")
	if len(files) < 50 {
		t.Fatalf("%d files, want at least 50", len(files))
	}
	forms := map[string]func(string) string{
		"LF":     func(text string) string { return text },
		"CRLF":   func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") },
		"no end": func(text string) string { return strings.TrimSuffix(text, "\n") },
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		request, rest, _ := strings.Cut(string(content), "\n-- before --\n")
		before, after, ok := strings.Cut(rest, "-- after --\n")
		reason := ""
		if !ok {
			before, reason, _ = strings.Cut(rest, "-- refused --\n")
			after = before
		}
		for form, in := range forms {
			if form != "LF" && before == "" {
				continue // an empty file has no such line
			}
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txt")+"/"+form, func(t *testing.T) {
				f := fileWith(t, in(before))
				err := do(f, request)
				if reason == "" && err != nil || reason != "" && (err == nil || !strings.Contains(describe(err), strings.TrimSuffix(reason, "\n"))) {
					t.Fatalf("error %q, want %q", describe(err), reason)
				}
				if got := contentOf(t, f); got != in(after) {
					t.Errorf("got\n%q\nwant\n%q", got, in(after))
				}
			})
		}
	}
}

// describe returns the text of an error, after the key that is wrong.
func describe(err error) string {
	var keys *KeysError
	if errors.As(err, &keys) {
		return keys.Key + ": " + keys.Text
	}
	return fmt.Sprint(err)
}
