package plan

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestComposeGivesEveryPlatformItsDevices reads deploy/compose.yaml as Docker does, and holds it to the table of platforms.
func TestComposeGivesEveryPlatformItsDevices(t *testing.T) {
	text, err := os.ReadFile("../../deploy/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var compose struct {
		Services map[string]struct {
			Image    string
			Build    struct{ Context string }
			Profiles []string
			Devices  []string
			Runtime  string
			ReadOnly bool `yaml:"read_only"`
			Deploy   any
		}
	}
	// What a service sets itself goes before what it merges in, as YAML has it.
	if err := yaml.UnmarshalWithOptions(text, &compose, yaml.AllowDuplicateMapKey()); err != nil {
		t.Fatal(yaml.FormatError(err, false, true))
	}
	if len(compose.Services) != len(platforms) {
		t.Errorf("%d services for %d platforms", len(compose.Services), len(platforms))
	}
	for _, pf := range platforms {
		s, ok := compose.Services[pf.name]
		if !ok || !slices.Equal(s.Profiles, []string{pf.name}) || !strings.HasPrefix(s.Image, "framegate") || s.Build.Context != ".." || !s.ReadOnly {
			t.Errorf("%s: %+v", pf.name, s)
		}
		given := s.Runtime == "nvidia" || s.Deploy != nil || slices.ContainsFunc(s.Devices, func(device string) bool {
			return slices.ContainsFunc(pf.nodes, func(node string) bool { return node == device || strings.HasPrefix(node, device+"/") })
		})
		if given != (len(pf.nodes) > 0) {
			t.Errorf("%s: devices %v of %v", pf.name, s.Devices, pf.nodes)
		}
	}
}
