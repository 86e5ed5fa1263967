package imports

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// link finds the targets of links in Markdown.
var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// heading finds the headings of a page.
var heading = regexp.MustCompile(`(?m)^#+ (.*)$`)

// unnamed are the characters that the anchor of a heading leaves out.
var unnamed = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// TestLinksOfTheDocsLeadSomewhere has links to files of the project: each names one that is not empty, and a heading of it.
func TestLinksOfTheDocsLeadSomewhere(t *testing.T) {
	checked := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && path != root || entry.Name() == "node_modules") {
			return skip(err)
		}
		if !strings.HasSuffix(path, ".md") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, match := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(match[1], "://") || strings.HasPrefix(match[1], "mailto:") {
				continue
			}
			checked++
			checkLink(t, path, match[1])
		}
		return nil
	})
	if err != nil || checked < 100 {
		t.Errorf("%d links, %v", checked, err)
	}
}

// skip is the error of a walk, or fs.SkipDir if there is none.
func skip(err error) error {
	if err != nil {
		return err
	}
	return fs.SkipDir
}

// checkLink checks a link of a page.
func checkLink(t *testing.T, page, target string) {
	t.Helper()
	file, anchor, _ := strings.Cut(target, "#")
	if file == "" {
		file = page
	} else {
		file = filepath.Join(filepath.Dir(page), file)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Errorf("%s links to %s: %v", page, target, err)
		return
	}
	if info.IsDir() {
		return
	}
	text, err := os.ReadFile(file)
	if err != nil || len(text) == 0 {
		t.Errorf("%s links to %s, which is empty: %v", page, target, err)
		return
	}
	if anchor == "" || !strings.HasSuffix(file, ".md") {
		return
	}
	for _, match := range heading.FindAllStringSubmatch(string(text), -1) {
		if anchorOf(match[1]) == anchor {
			return
		}
	}
	t.Errorf("%s links to %s, and there is no such heading", page, target)
}

// anchorOf is the anchor of a heading, as GitHub and others form it.
func anchorOf(heading string) string {
	return strings.ReplaceAll(strings.ToLower(unnamed.ReplaceAllString(heading, "")), " ", "-")
}
