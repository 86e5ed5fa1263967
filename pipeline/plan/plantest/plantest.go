// Package plantest lets tests prove plans, also with stand-ins for hardware.
package plantest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/standin"
	"github.com/framegate/framegate/pipeline/plan"
)

// These are set in processes that the tests start: one that proves plans, and one that has stand-ins.
const (
	proveVariable   = "FRAMEGATE_TEST_PROVE"
	standinVariable = "FRAMEGATE_TEST_HARDWARE"
)

// Main is the TestMain of a package whose tests use Prover. Its process is also the one that proves plans.
func Main(m *testing.M) {
	if platform, from, ok := strings.Cut(os.Getenv(proveVariable), " "); ok {
		n, _ := strconv.Atoi(from)
		if err := plan.ProveHere(context.Background(), platform, n, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Prover is the plan.Prover of tests.
func Prover(ctx context.Context, platform string, from int) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d", proveVariable, platform, from))
	return cmd
}

// Proved is a machine that knows what works here, and what that is.
func Proved(tb testing.TB) (*plan.Machine, plan.Hardware) {
	tb.Helper()
	found := plan.Prove(tb.Context(), Prover)
	m := &plan.Machine{}
	m.SetProofs(found)
	return m, found
}

// WithStandins runs the calling test once more, in a process that has the stand-ins of some platforms, and reports whether
// this is that process. Stand-ins must be installed before GStreamer starts.
func WithStandins(t *testing.T, platforms ...string) (standin.Standins, bool) {
	t.Helper()
	dir := os.Getenv(standinVariable)
	if dir != "" {
		return standin.At(dir), true
	}
	dir = t.TempDir()
	s, err := standin.Install(dir, platforms...)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", "-test.v", "-test.timeout=3m")
	child.Env = append(append(os.Environ(), s.Env()...), standinVariable+"="+dir)
	out, err := child.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, Tail(string(out)))
	}
	return s, false
}

// OnEveryPlatform runs a test for each platform, software included, in parallel, with a machine that knows what works and the
// configuration's hardware that selects the platform. Hardware is a stand-in, in a separate process.
func OnEveryPlatform(t *testing.T, test func(t *testing.T, m *plan.Machine, hardware string)) {
	t.Helper()
	for _, name := range plan.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "software" {
				test(t, &plan.Machine{}, configs.NoHardware)
				return
			}
			if _, ok := WithStandins(t, name); !ok {
				return
			}
			m, _ := Proved(t)
			test(t, m, name)
		})
	}
}

// Tail is the end of a process's output.
func Tail(output string) string {
	const bytes = 6000
	return output[max(0, len(output)-bytes):]
}
