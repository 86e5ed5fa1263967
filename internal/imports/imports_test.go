// Package imports checks which package of this module imports which, and that some do not need GStreamer.
package imports

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// order lists all packages that are shipped or help the tests, the lowest first. Each may import those before it only. The
// programs of cmd and tools stand above all.
var order = []string{
	"internal/backoff",
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
	"configs",
	"configs/edit",
	"pipeline/plan",
	"pipeline/feed",
	"pipeline/picture",
	"pipeline",
	"registry",
	"web/adapt",
	"web",
	"internal/memory",
	"internal/terminal",
	"internal/logging",
	"internal/health",
	"internal/systemd",
	"internal/app",
	"clients",
	"internal/standin",
	"pipeline/plan/plantest",
	"internal/testcam/mark",
	"internal/testcam",
	"internal/testcam/hostile",
	"internal/testcam/camtest",
	"internal/viewer",
	"internal/process",
	"internal/machine",
	"internal/plot",
	"internal/likeness",
	"internal/table",
	"internal/rig",
}

// plain are the packages that build and are tested where there is neither GStreamer nor a C compiler.
var plain = []string{"pipeline/frame", "pipeline/jpeg", "pipeline/webp", "pipeline/multipart", "pipeline/unit", "pipeline/challenge", "pipeline/redirect", "pipeline/depay", "pipeline/rtsp", "configs", "configs/edit", "registry", "web/adapt", "web"}

// goPackage is what go list says of a package.
type goPackage struct {
	ImportPath    string
	Imports, Deps []string
}

// list asks go list about all packages of the module.
func list(t *testing.T) (all []goPackage) {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "github.com/framegate/framegate/...").Output()
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
	for _, p := range list(t) {
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

func TestPlainPackagesNeedNoGStreamer(t *testing.T) {
	for _, p := range list(t) {
		name, _ := strings.CutPrefix(p.ImportPath, "github.com/framegate/framegate/")
		if slices.Contains(plain, name) && slices.Contains(p.Deps, "github.com/framegate/framegate/pipeline/gst") {
			t.Errorf("%s depends on pipeline/gst", p.ImportPath)
		}
	}
}
