package app

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/configs/edit"
)

// serve returns an App in whose file this configuration is, and puts it into effect.
func serve(t *testing.T, text string) *App {
	t.Helper()
	path := filepath.Join(t.TempDir(), "framegate.yaml")
	write(t, path, text)
	config, err := configs.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(Options{Config: config, File: path, Listen: []string{"127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.apply(config); err != nil {
		t.Fatal(err)
	}
	return a
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ids returns the ids of the cameras that are served.
func (a *App) ids() (all []string) {
	for _, camera := range a.cameras.Cameras() {
		all = append(all, camera.ID)
	}
	return all
}

func TestPreviousConfigurationStaysInEffectWhileTheFileIsWrong(t *testing.T) {
	a := serve(t, "cameras: [{id: a, url: 'test://ball'}]")
	for _, wrong := range []string{"", "\n", "# all gone\n", "cameras: [{id: b, u", "cameras: [{id: b, url: 'test://ball', colour: red}]"} {
		write(t, a.File, wrong)
		if a.load() != nil || a.configuration().OK() || !slices.Equal(a.ids(), []string{"a"}) {
			t.Errorf("%q: %+v, cameras %v", wrong, a.configuration(), a.ids())
		}
	}
	write(t, a.File, "cameras: [{id: b, url: 'test://ball'}]")
	if a.load() == nil || !a.configuration().OK() || a.configuration().Failures != 3 || !slices.Equal(a.ids(), []string{"b"}) {
		t.Errorf("%+v, cameras %v", a.configuration(), a.ids())
	}
}

func TestChangeOfTheFileTakesEffectBeforeItReturns(t *testing.T) {
	a := serve(t, "cameras: [{id: a, url: 'test://ball'}]")
	if id, err := a.file.Add(edit.Keys{{Name: "id", Value: "b"}, {Name: "url", Value: "test://ball"}}); id != "b" || err != nil {
		t.Fatal(id, err)
	}
	if got := a.ids(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("cameras %v", got)
	}
	if content, err := os.ReadFile(a.File); err != nil || !strings.Contains(string(content), "id: b") {
		t.Errorf("%v\n%s", err, content)
	}
}

func TestKeysThatAreReadAtTheStartWaitForTheNextOne(t *testing.T) {
	a := serve(t, "{}")
	write(t, a.File, "{listen: ':8081', log_format: json, log_level: error}")
	if a.load() == nil {
		t.Fatal(a.configuration())
	}
	if got := a.configuration().Restart; !slices.Equal(got, []string{"listen", "log_format"}) {
		t.Errorf("got %v", got)
	}
}
