package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/framegate/framegate/internal/testcam/camtest"
)

// TestPythonClient runs the tests of clients/python with this framegate.
func TestPythonClient(t *testing.T) {
	camtest.Long(t)
	python, err := exec.LookPath("/usr/bin/python3") // of the system, which has its packages
	if err != nil {
		python, err = exec.LookPath("python3")
	}
	if err != nil {
		t.Skip("SKIPPED: Python is not installed, which the tests of its client need")
	}
	framegate, err := filepath.Abs(binary)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "-B", "-m", "unittest", "-v")
	cmd.Dir, cmd.Env = "../../clients/python", append(os.Environ(), "FRAMEGATE="+framegate, "PYTHONWARNINGS=error")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if bytes.Contains(out, []byte("SKIPPED")) {
		t.Logf("%s", out)
	}
}
