package auth

import (
	"testing"
)

func TestPrincipalSeesTheCamerasThatItsPatternsMatch(t *testing.T) {
	for _, test := range []struct {
		p      Principal
		camera string
		sees   bool
	}{
		{Principal{}, "gate", false},
		{Principal{Kind: Open, Role: Viewer}, "gate", true},
		{Principal{Role: Viewer, Cameras: []string{"gate"}}, "gate", true},
		{Principal{Role: Viewer, Cameras: []string{"gate"}}, "gate-2", false},
		{Principal{Role: Viewer, Cameras: []string{"yard-*", "gate?"}}, "yard-north", true},
		{Principal{Role: Viewer, Cameras: []string{"yard-*", "gate?"}}, "gate2", true},
		{Principal{Role: Viewer, Cameras: []string{"yard-*", "gate?"}}, "gate", false},
		{Principal{Role: Admin, Cameras: []string{"yard-*"}}, "gate", false},
		{Principal{Role: Viewer, Cameras: []string{"["}}, "gate", false},
	} {
		if got := test.p.Sees(test.camera); got != test.sees {
			t.Errorf("%+v sees %s: %v", test.p, test.camera, got)
		}
	}
}

func TestContextWithoutAPrincipalIsNobodys(t *testing.T) {
	if p := Of(t.Context()); p.Kind != Nobody || p.Role != Anybody {
		t.Errorf("%+v", p)
	}
	if p := Of(WithPrincipal(t.Context(), Principal{Name: "ann", Role: Viewer})); p.Name != "ann" {
		t.Errorf("%+v", p)
	}
}
