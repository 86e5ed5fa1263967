package standin

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed lost/libnvcuvid.c
var lostDriver []byte

// LostDriver is a stand-in for NVIDIA's driver that fails on command: see lost/libnvcuvid.c.
type LostDriver struct {
	dir  string
	real string
}

// InstallLostDriver compiles the stand-in into a folder, which must exist. It needs gcc. real is the path of the driver's own
// libnvcuvid.so.1.
func InstallLostDriver(dir, real string) (LostDriver, error) {
	d := LostDriver{dir: dir, real: real}
	source := filepath.Join(dir, "libnvcuvid.c")
	if err := os.WriteFile(source, lostDriver, 0o600); err != nil {
		return d, err
	}
	out, err := exec.Command("gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Wl,-soname,libnvcuvid.so.1",
		"-o", filepath.Join(dir, "libnvcuvid.so.1"), source, "-ldl").CombinedOutput()
	if err != nil {
		return d, fmt.Errorf("gcc: %w\n%s", err, out)
	}
	return d, nil
}

// LostDriverIn returns the stand-in that is installed in a folder.
func LostDriverIn(dir, real string) LostDriver { return LostDriver{dir: dir, real: real} }

// Dir is the folder of the stand-in. LD_LIBRARY_PATH must name it before the driver's folder.
func (d LostDriver) Dir() string { return d.dir }

// Env returns what a process needs besides LD_LIBRARY_PATH, as NAME=value.
func (d LostDriver) Env() []string {
	return []string{"FRAMEGATE_CUVID=" + d.real, "FRAMEGATE_LOST=" + d.flag()}
}

// Lose makes the driver return errors.
func (d LostDriver) Lose() error { return os.WriteFile(d.flag(), nil, 0o600) }

// Restore makes the driver work again. It fails if Lose was not called.
func (d LostDriver) Restore() error { return os.Remove(d.flag()) }

func (d LostDriver) flag() string { return filepath.Join(d.dir, "lost") }
