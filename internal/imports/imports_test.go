// Package imports checks which package of this module imports which, and that some do not need GStreamer.
package imports

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// order lists all packages that are shipped or help the tests, the lowest first. Each may import those before it only. The
// programs of cmd and tools stand above all.
var order = []string{
	"internal/backoff",
	"internal/selfsign",
	"internal/health",
	"pipeline/frame",
	"pipeline/jpeg",
	"pipeline/webp",
	"pipeline/multipart",
	"pipeline/unit",
	"pipeline/challenge",
	"pipeline/redirect",
	"pipeline/depay",
	"pipeline/rtsp",
	"pipeline/gst",
	"configs/password",
	"configs",
	"configs/edit",
	"internal/onvif",
	"internal/state",
	"internal/certificate",
	"pipeline/plan",
	"pipeline/feed",
	"pipeline/picture",
	"pipeline",
	"registry",
	"web/auth",
	"web/auth/links",
	"web/auth/tokens",
	"web/auth/proxy",
	"web/auth/users",
	"web/auth/sessions",
	"web/auth/firstrun",
	"web/texts",
	"web/adapt",
	"web/live",
	"web",
	"internal/terminal",
	"internal/logging",
	"internal/memory",
	"internal/systemd",
	"internal/app",

	"internal/certificate/certificatetest",
	"internal/onvif/onviftest",
	"clients",
	"internal/standin",
	"pipeline/plan/plantest",
	"internal/testcam/mark",
	"internal/testcam",
	"internal/testcam/hostile",
	"internal/testcam/camtest",
	"internal/testcam/patches",
	"internal/viewer",
	"internal/process",
	"internal/machine",
	"internal/plot",
	"internal/likeness",
	"internal/table",
	"internal/rig",
}

// goPackage is what go list says of a package.
type goPackage struct {
	ImportPath    string
	Imports, Deps []string
}

// list asks go list about the packages of some patterns.
func list(t *testing.T, patterns ...string) (all []goPackage) {
	t.Helper()
	command := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,Deps"}, patterns...)...)
	command.Dir = root
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	for lines := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		err := lines.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// level is a package's place in the order: -1 for a program, which nothing imports.
func level(path string) (at int, ours bool) {
	name, ours := strings.CutPrefix(path, "github.com/framegate/framegate/")
	for i, known := range order {
		if name == known || strings.HasPrefix(name, known+"/") && !slices.Contains(order, name) {
			at = i + 1
		}
	}
	return at - 1, ours
}

func TestImportsGoDownOnly(t *testing.T) {
	for _, p := range list(t, "./...") {
		from, _ := level(p.ImportPath)
		for _, path := range p.Imports {
			to, ours := level(path)
			ofItself := strings.HasPrefix(path, p.ImportPath+"/") // a part of a program
			if !ours || from < 0 && to >= 0 || ofItself {
				continue
			}
			same := from == to && from >= 0
			if to > from || to < 0 && from >= 0 || to == from && !same {
				t.Errorf("%s imports %s, which does not stand below it", p.ImportPath, path)
			}
		}
	}
}

// TestArchitectureListsThePackagesInOrder looks at the list of packages of docs/architecture.md, which begins at the top and leaves out
// what helps the tests.
func TestArchitectureListsThePackagesInOrder(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs/architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Packages\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var listed []string
	for line := range strings.Lines(section) {
		row, indented := strings.CutPrefix(line, "    ")
		if !indented {
			continue
		}
		names, _, _ := strings.Cut(row, "  ")
		folder := ""
		for name := range strings.SplitSeq(names, ", ") {
			if !strings.Contains(name, "/") {
				name = folder + name // internal/systemd, health
			}
			folder = name[:strings.LastIndex(name, "/")+1]
			if at, _ := level("github.com/framegate/framegate/" + name); at >= 0 && order[at] == name {
				listed = append(listed, name)
			}
		}
	}
	slices.Reverse(listed)
	if want := order[:slices.Index(order, "internal/app")+1]; !slices.Equal(listed, want) {
		t.Errorf("the page lists, from the bottom up,\n%q, but the order is\n%q", listed, want)
	}
}

// TestPlainPackagesNeedNoGStreamer looks at PLAIN of the Makefile, the packages that are built and tested without cgo too. Whatever one
// of them imports must be one of them.
func TestPlainPackagesNeedNoGStreamer(t *testing.T) {
	plain := list(t, plainPatterns(t)...)
	named := map[string]bool{}
	for _, p := range plain {
		named[p.ImportPath] = true
	}
	for _, p := range plain {
		for _, path := range p.Deps {
			if strings.HasPrefix(path, "github.com/framegate/framegate/") && !named[path] {
				t.Errorf("%s depends on %s, which is not in PLAIN", p.ImportPath, path)
			}
		}
	}
}

// plainPatterns are the patterns in PLAIN of the Makefile.
func plainPatterns(t *testing.T) []string {
	t.Helper()
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^PLAIN = ((?:.*\\\n)*.*)$`).FindSubmatch(makefile)
	if found == nil {
		t.Fatal("the Makefile has no PLAIN")
	}
	return strings.Fields(strings.ReplaceAll(string(found[1]), `\`, ""))
}
