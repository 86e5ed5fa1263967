package configs

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/framegate/framegate/pipeline/frame"
)

// TestTagsFitFrame compares the tags of Settings, which hold literals, with the constants of package frame that mean the same.
func TestTagsFitFrame(t *testing.T) {
	tags := map[string]reflect.StructTag{}
	for _, at := range []struct {
		prefix string
		of     reflect.Type
	}{{"", reflect.TypeFor[Settings]()}, {"overlay.", reflect.TypeFor[Overlay]()}} {
		for _, f := range fieldsOf(at.of) {
			tags[at.prefix+f.key] = f.tag
		}
	}
	for _, c := range []struct {
		key, tag string
		want     any
	}{
		{"width", "min", frame.MinSide}, {"width", "max", frame.MaxSide},
		{"height", "min", frame.MinSide}, {"height", "max", frame.MaxSide},
		{"scale", "min", frame.MinScale}, {"scale", "max", frame.MaxScale},
		{"fps", "max", frame.MaxFPS}, // 0 is the camera's own rate, below frame.MinFPS
		{"quality", "min", frame.MinQuality}, {"quality", "max", frame.MaxQuality}, {"quality", "default", frame.DefaultQuality},
		{"overlay.size", "default", frame.DefaultTextSize},
		{"overlay.corner", "default", frame.TopLeft},
		{"overlay.corner", "enum", list(frame.TopLeft, frame.TopRight, frame.BottomLeft, frame.BottomRight)},
		{"connect", "enum", list(Always, OnDemand)},
		{"transport", "enum", list(TCP, UDP, Auto)},
		{"hardware", "enum", list(append([]string{AnyHardware, NoHardware}, HardwareNames()...)...)},
	} {
		if got := tags[c.key].Get(c.tag); got != fmt.Sprint(c.want) {
			t.Errorf("%s of %s is %q, want %v", c.tag, c.key, got, c.want)
		}
	}
	for part, want := range map[string]float64{"a camera of %v pixels or more": frame.LargeWidth, "is shown at %v": frame.LargeScale} {
		if part := fmt.Sprintf(part, want); !strings.Contains(tags["scale"].Get("doc"), part) {
			t.Errorf("the description of scale does not say %q", part)
		}
	}
}

// list writes values as an enum tag does.
func list[T ~string](values ...T) string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return strings.Join(all, ",")
}

func TestEveryReasonHasAText(t *testing.T) {
	var keys []string
	for _, f := range fieldsOf(reflect.TypeFor[Texts]())[1:] { // after since
		keys = append(keys, f.key)
	}
	want := []string{}
	for _, reason := range []frame.Reason{
		frame.Unauthorized, frame.NotFound, frame.Unreachable, frame.TimedOut, frame.NoKeyframe, frame.Stalled, frame.NoVideo,
		frame.Unsupported, frame.Ended, frame.Refused, frame.Memory, frame.Failed, "link_expired", "link_revoked", "link_invalid",
	} {
		want = append(want, string(reason))
	}
	if !slices.Equal(keys, want) {
		t.Errorf("the texts are %v, want one for each of %v", keys, want)
	}
}

func TestSchemesAndTheirPortsAreTheSameEverywhere(t *testing.T) {
	if !slices.IsSorted(Schemes()) {
		t.Errorf("%v are not sorted", Schemes())
	}
	docs, err := os.ReadFile("../docs/sources.md")
	if err != nil {
		t.Fatal(err)
	}
	camera := reflect.TypeFor[Camera]()
	url, _ := camera.FieldByName("URL")
	for _, scheme := range Schemes() {
		if !strings.Contains(url.Tag.Get("doc"), scheme+"://") {
			t.Errorf("the description of url does not name %s://", scheme)
		}
		if !strings.Contains(string(docs), "`"+scheme+"://") {
			t.Errorf("docs/sources.md does not name %s://", scheme)
		}
	}
	port, _ := camera.FieldByName("Port")
	if got := port.Tag.Get("default"); got != DefaultPort("rtsp") {
		t.Errorf("the default of port is %s, that of rtsp:// %s", got, DefaultPort("rtsp"))
	}
}

func TestVendorsAreTheSameEverywhere(t *testing.T) {
	docs, err := os.ReadFile("../docs/sources.md")
	if err != nil {
		t.Fatal(err)
	}
	field, _ := reflect.TypeFor[Camera]().FieldByName("Vendor")
	names := strings.Split(field.Tag.Get("enum"), ",")
	if len(names) != len(vendors) {
		t.Errorf("the key vendor accepts %v, and there are %d vendors", names, len(vendors))
	}
	port, _ := strconv.Atoi(DefaultPort("rtsp"))
	for _, name := range names {
		c := Camera{Vendor: name, Host: "HOST", Port: port, Channel: 1, Stream: "main"}
		if row := fmt.Sprintf("| `%s` | `%s` |", name, c.vendorURL()); !strings.Contains(string(docs), row) {
			t.Errorf("docs/sources.md has no row %s", row)
		}
	}
}
