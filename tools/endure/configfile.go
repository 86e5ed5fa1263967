package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/hostile"
	"github.com/framegate/framegate/tools/endure/check"
)

// configFile is the configuration file of framegate, and makes harmless changes to it. It belongs to one goroutine.
type configFile struct {
	path    string
	head    string // YAML of keys that stay
	cameras string // YAML of the cameras that stay
	extra   string // the URL of a camera that comes and goes
	hasMore bool   // the extra camera is in the file
	edition int    // makes each content another
}

// extraCamera is the camera that comes and goes. Nobody watches it.
const extraCamera = "extra"

// maxMemory is the max_memory of the configuration where there is a hostile camera.
const maxMemory = 768 << 20

// maxMegapixels is as much as two cores can encode ten times a second besides the viewers' own pictures, the tests of these pictures
// and the cameras.
const maxMegapixels = 6

// newConfigFile makes the file. other is a camera that is configured for each scheme; nil for none.
func newConfigFile(cameras *testcam.Server, other *hostile.Camera) (*configFile, error) {
	dir, err := os.MkdirTemp("", "endure")
	if err != nil {
		return nil, err
	}
	f := &configFile{path: filepath.Join(dir, "framegate.yaml")}
	var list strings.Builder
	for _, name := range cameras.Names() {
		f.extra = cameras.URL(name)
		fmt.Fprintf(&list, "  - {id: %s, url: %q}\n", name, cameras.URL(name))
	}
	if other != nil {
		for _, scheme := range hostileSchemes {
			fmt.Fprintf(&list, "  - {id: %s, url: %q}\n", hostileID(scheme), other.URL(scheme))
		}
		f.head = fmt.Sprintf("max_memory: %dMiB\nmax_megapixels: %d\n", maxMemory>>20, maxMegapixels)
	}
	f.cameras = list.String()
	return f, os.WriteFile(f.path, f.content(), 0o600)
}

func (f *configFile) remove() { os.RemoveAll(filepath.Dir(f.path)) }

func (f *configFile) content() []byte {
	text := fmt.Sprintf("# edition %d\n%sdefaults: {stall_timeout: %v, idle_timeout: 2s}\ncameras:\n%s", f.edition, f.head, check.StallTime, f.cameras)
	if f.hasMore {
		text += fmt.Sprintf("  - {id: %s, url: %q, connect: on_demand}\n", extraCamera, f.extra)
	}
	return []byte(text)
}

// change changes a comment of the file, or adds or removes the extra camera. It writes in place or renames, and may send a
// signal too. how describes the change.
func (f *configFile) change(random *rand.Rand, p *process.Process) (how string, err error) {
	f.edition++
	inPlace, byCamera, signalled := random.IntN(2) == 0, random.IntN(2) == 0, random.IntN(2) == 0
	how = "a comment"
	if byCamera {
		f.hasMore = !f.hasMore
		how = map[bool]string{true: "a camera more", false: "a camera less"}[f.hasMore]
	}
	if inPlace {
		how += ", written in place"
		err = os.WriteFile(f.path, f.content(), 0o600)
	} else {
		how += ", renamed into place"
		if err = os.WriteFile(f.path+".new", f.content(), 0o600); err == nil {
			err = os.Rename(f.path+".new", f.path)
		}
	}
	if signalled {
		how += ", with SIGHUP"
		p.Reload()
	}
	return how, err
}

// reloadTime is how long framegate may take to apply a changed file.
const reloadTime = 5 * time.Second

// awaitApplied waits until framegate has the cameras of the file.
func (f *configFile) awaitApplied(ctx context.Context, p *process.Process, c *check.Checker) error {
	began := time.Now()
	for {
		all, err := cameraStates(ctx, p)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(all, func(c cameraState) bool { return c.ID == extraCamera }) == f.hasMore {
			return nil
		}
		if c.Over(began, reloadTime, time.Now()) {
			return fmt.Errorf("%v after the configuration was changed framegate has %d cameras", reloadTime, len(all))
		}
		sleep(ctx, 50*time.Millisecond)
	}
}
