package gst

import (
	"os/exec"
	"strings"
	"testing"
)

// TestOnlyThisPackageKnowsGStreamer looks at what all packages of the module and their tests import.
func TestOnlyThisPackageKnowsGStreamer(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}} {{join .TestImports " "}} {{join .XTestImports " "}}`, "github.com/framegate/framegate/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		packages++
		for _, path := range fields[1:] {
			if (strings.HasPrefix(path, "github.com/go-gst/") || path == "C") && fields[0] != "github.com/framegate/framegate/pipeline/gst" {
				t.Errorf("%s imports %s", fields[0], path)
			}
		}
	}
	if packages < 10 {
		t.Errorf("only %d packages were looked at", packages)
	}
}
