package frame

import "testing"

func TestRequestedSizeOverridesTheConfiguredSize(t *testing.T) {
	configured := Request{Scale: 0.25, FPS: 10, Quality: 80}
	if got := (Request{Width: 640}).WithDefaults(configured); got != (Request{Width: 640, FPS: 10, Quality: 80}) {
		t.Errorf("%+v", got)
	}
	if got := (Request{}).WithDefaults(configured); got != configured {
		t.Errorf("%+v", got)
	}
}

func TestRequestSelectsPartsOfTheOverlay(t *testing.T) {
	configured := Request{Name: "Gate", Overlay: Overlay{Time: true, Text: "north", Corner: TopRight}}
	for _, c := range []struct {
		show *OverlayParts
		want Overlay
	}{
		{nil, Overlay{Time: true, Text: "north", Corner: TopRight}},
		{&OverlayParts{Name: true, Text: true}, Overlay{Name: "Gate", Text: "north", Corner: TopRight}},
		{&OverlayParts{}, Overlay{}},
	} {
		if got := (Request{Show: c.show}).WithDefaults(configured).Resolve(Stream{Width: 64, Height: 48}).Overlay; got != c.want {
			t.Errorf("%+v shows %+v", c.show, got)
		}
	}
}
