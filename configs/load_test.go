package configs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// parse parses a configuration with the environment that the shipped files need.
func parse(t testing.TB, text string) (*Config, error) {
	t.Helper()
	return Parse("test.yaml", []byte(text), environment)
}

func environment(name string) (string, bool) {
	value, ok := map[string]string{
		"DEMO_RTSP": "rtsp://127.0.0.1:8554", "CAMERA_PASSWORD": "hunter2", "QUALITY": "55", "EVIL": "x\nlisten: 1",
	}[name]
	return value, ok
}

func mustParse(t testing.TB, text string) *Config {
	t.Helper()
	config, err := parse(t, text)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func TestShippedFilesHaveNoFaults(t *testing.T) {
	for name, cameras := range map[string]int{"demo.yaml": 4, "example.yaml": 11, "jetson.yaml": 8} {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		config, err := Parse(name, content, environment)
		if err != nil {
			t.Errorf("%v", err)
		} else if len(config.Cameras) != cameras {
			t.Errorf("%s has %d cameras, want %d", name, len(config.Cameras), cameras)
		}
	}
}

// TestEveryFaultHasItsPlace reads testdata/broken: the first line of each file says which faults it has, as
// '# want: line:column part of the message', separated by ' | '.
func TestEveryFaultHasItsPlace(t *testing.T) {
	files, _ := filepath.Glob("testdata/broken/*.yaml")
	if len(files) < 30 {
		t.Fatalf("%d broken files, want at least 30", len(files))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(string(content), "\n")
			wants := strings.Split(strings.TrimPrefix(first, "# want: "), " | ")
			_, err = Parse(file, content, environment)
			var faults Faults
			if !errors.As(err, &faults) {
				t.Fatalf("got %v, want faults", err)
			}
			if len(faults) != len(wants) {
				t.Fatalf("%d faults, want %d:\n%v", len(faults), len(wants), faults)
			}
			for i, want := range wants {
				place, part, _ := strings.Cut(want, " ")
				f := faults[i]
				if got := fmt.Sprintf("%d:%d", f.Line, f.Column); got != place || !strings.Contains(f.Message, part) {
					t.Errorf("got %s %s\nwant %s %s", got, f.Message, place, part)
				}
			}
		})
	}
}

func TestEmptyFileIsAllDefaults(t *testing.T) {
	config := mustParse(t, "")
	if !slices.Equal(config.Listen, Addresses{":8080"}) || config.Defaults.Quality != 80 || config.Defaults.IdleTimeout != 10*time.Second || len(config.Cameras) != 0 {
		t.Errorf("%+v", config)
	}
}

func TestDefaultsApplyToCamerasAboveThem(t *testing.T) {
	config := mustParse(t, `
cameras:
  - {id: a, url: "rtsp://h/1"}
  - {id: b, url: "rtsp://h/2", quality: 50, width: 320}
defaults: {quality: 60, scale: 0.5, connect: on_demand}
`)
	a, b := config.Cameras[0], config.Cameras[1]
	if a.Quality != 60 || a.Scale != 0.5 || a.Connect != OnDemand || a.Name != "a" {
		t.Errorf("a: %+v", a)
	}
	if b.Quality != 50 || b.Width != 320 || b.Scale != 0 {
		t.Errorf("b: its own width must override the default scale: %+v", b)
	}
}

func TestQualityMayBeAuto(t *testing.T) {
	config := mustParse(t, `
defaults: {quality: auto}
cameras:
  - {id: a, url: "rtsp://h/1"}
  - {id: b, url: "rtsp://h/2", quality: 50}
`)
	if a, b := config.Cameras[0].Quality, config.Cameras[1].Quality; a != 0 || b != 50 {
		t.Errorf("%d and %d", a, b)
	}
}

func TestCredentialsLeaveTheURL(t *testing.T) {
	config := mustParse(t, `cameras: [{id: a, url: "rtsp://admin:p%40ss!@192.0.2.1:554/h264/ch1/main/av_stream"}]`)
	s := config.Cameras[0].Source
	if s.String() != "rtsp://192.0.2.1:554/h264/ch1/main/av_stream" || s.Username != "admin" || s.Password.Reveal() != "p@ss!" {
		t.Errorf("%s %s %s", s, s.Username, s.Password.Reveal())
	}
	for _, shown := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v", s.Password, s, s.Password)} {
		if strings.Contains(shown, "p@ss") {
			t.Errorf("the password is visible: %s", shown)
		}
	}
}

func TestCredentialsInQueryOrPathAreNotShown(t *testing.T) {
	for url, want := range map[string]string{
		"rtsp://192.0.2.1/live?user=admin&password=hunter2&channel=1":        "rtsp://192.0.2.1/live",
		"http://192.0.2.1:81/image?Pwd=hunter2":                              "http://192.0.2.1:81/image",
		"rtsp://192.0.2.1/user=admin_password=hunter2_channel=1.sdp?real=1":  "rtsp://192.0.2.1",
		"rtsp://admin:hunter2@192.0.2.1/cam/realmonitor?channel=1&subtype=0": "rtsp://192.0.2.1/cam/realmonitor?channel=1&subtype=0",
	} {
		source, err := ParseSource(url)
		if err != nil {
			t.Fatal(err)
		}
		if got := source.String(); got != want {
			t.Errorf("%s is shown as %s, want %s", url, got, want)
		}
		if user := source.URL.User; user != nil || !strings.HasSuffix(url, source.URL.RequestURI()) {
			t.Errorf("%s is requested as %s", url, source.URL)
		}
	}
}

func TestVendorBuildsURL(t *testing.T) {
	for vendor, want := range map[string]string{
		"hikvision": "rtsp://192.0.2.1:554/Streaming/Channels/202",
		"dahua":     "rtsp://192.0.2.1:554/cam/realmonitor?channel=2&subtype=1",
		"axis":      "rtsp://192.0.2.1:554/axis-media/media.amp?camera=2&resolution=640x360",
		"reolink":   "rtsp://192.0.2.1:554/h264Preview_02_sub",
	} {
		config := mustParse(t, "cameras: [{id: a, vendor: "+vendor+", host: 192.0.2.1, channel: 2, stream: sub, username: u, password: 007}]")
		s := config.Cameras[0].Source
		if s.String() != want || s.Password.Reveal() != "007" {
			t.Errorf("%s: got %s (password %s), want %s", vendor, s, s.Password.Reveal(), want)
		}
	}
}

func TestVendorsHostMayBeAnIPv6Address(t *testing.T) {
	config := mustParse(t, "cameras: [{id: a, vendor: reolink, host: '2001:db8::1'}]")
	if got, want := config.Cameras[0].Source.String(), "rtsp://[2001:db8::1]:554/h264Preview_01_main"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestEmptyURLIsRefused(t *testing.T) {
	if _, err := ParseSource(""); err == nil || err.Error() != "the URL is empty" {
		t.Errorf("got %v", err)
	}
}

func TestAspectIsThatOfBothStreamsUnlessTheSubstreamHasItsOwn(t *testing.T) {
	const camera = "cameras: [{id: a, url: 'rtsp://h/', substream: 'rtsp://h/sub', "
	wide, narrow := frame.Ratio{Width: 16, Height: 9}, frame.Ratio{Width: 4, Height: 3}
	for keys, want := range map[string][2]frame.Ratio{
		"aspect: 16:9":                          {wide, wide},
		"substream_aspect: 4:3":                 {{}, narrow},
		"aspect: 16:9, substream_aspect: '4:3'": {wide, narrow},
	} {
		c := mustParse(t, camera+keys+"}]").Cameras[0]
		if got := [2]frame.Ratio{c.Source.Aspect, c.Sub.Aspect}; got != want {
			t.Errorf("%s: got %v, want %v", keys, got, want)
		}
	}
}

func TestVariablesAreValuesAndNeverYAML(t *testing.T) {
	config := mustParse(t, "cameras: [{id: a, url: 'rtsp://h/', name: '${EVIL} $${X}', quality: '${QUALITY}'}]")
	if c := config.Cameras[0]; c.Name != "x\nlisten: 1 ${X}" || c.Quality != 55 || config.Listen[0] != ":8080" {
		t.Errorf("%+v", c)
	}
}

func TestLineEndOfPasswordFileIsCutOff(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "pw"), []byte("s3cret\r\n"), 0o600)
	path := filepath.Join(dir, "c.yaml")
	os.WriteFile(path, []byte("cameras: [{id: a, url: 'rtsp://h/', username: u, password_file: pw}]"), 0o600)
	config, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := config.Cameras[0].Source.Password.Reveal(); got != "s3cret" {
		t.Errorf("got %q", got)
	}
}

func TestLocalCameraByNumber(t *testing.T) {
	for _, text := range []string{"url: 0", "url: '0'", "url: v4l2:///dev/video0"} {
		config := mustParse(t, "cameras: [{id: a, "+text+"}]")
		if got := config.Cameras[0].Source.String(); got != "v4l2:///dev/video0" {
			t.Errorf("%s: %s", text, got)
		}
	}
}

func TestFindReturnsTheFirstThatExists(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("FRAMEGATE_CONFIG", "")
	if path, err := Find(""); path != "" || !errors.Is(err, ErrNone) {
		if path != "/etc/framegate/framegate.yaml" {
			t.Errorf("got %q, %v, want none", path, err)
		}
	}
	os.WriteFile("framegate.yaml", nil, 0o600)
	if path, _ := Find(""); path != "framegate.yaml" {
		t.Errorf("got %q, want the one in this folder", path)
	}
	t.Setenv("FRAMEGATE_CONFIG", "/else.yaml")
	if path, _ := Find(""); path != "/else.yaml" {
		t.Errorf("got %q, want the environment's", path)
	}
	if path, _ := Find("named.yaml"); path != "named.yaml" {
		t.Errorf("got %q, want the named one", path)
	}
}

func TestURLFaultsNeverShowCredentials(t *testing.T) {
	for _, raw := range []string{
		"rtsp://admin:hunter2#x@h/", "rtsp://admin:hunter2@x@h/", "rtsp://admin:hunter2/x@h/", "rtsp://admin:hunter2 @h/",
		"rtsp://admin:hunter2@h:99999/", "rtsp://admin:hunter2@/x", "file://admin:hunter2@/x", "rtsp://admin:hunter2%zz@h/",
	} {
		_, err := ParseSource(raw)
		if err == nil {
			t.Errorf("%s is accepted", raw)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestCRLFIsOneLineEnd(t *testing.T) {
	config := mustParse(t, "cameras:\r\n- id: a\r\n  url: test://ball\r\n  name: |\r\n    one\r\n    two\r\n")
	if got := config.Cameras[0].Name; got != "one\ntwo\n" {
		t.Errorf("the name is %q", got)
	}
	_, err := parse(t, "log_level: \"in\r\n  fo\"\r\nlissen: x\r\n")
	var faults Faults
	if !errors.As(err, &faults) || faults[len(faults)-1].Line != 3 {
		t.Errorf("got %v, want a fault on line 3", err)
	}
}

// FuzzParse checks that whatever the file, there is a configuration or faults with places, and no secret in them.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"*.yaml", "testdata/broken/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			content, _ := os.ReadFile(file)
			f.Add(string(content))
		}
	}
	secret := regexp.MustCompile(`hunter2`)
	f.Fuzz(func(t *testing.T, text string) {
		config, err := parse(t, text)
		if (config == nil) == (err == nil) {
			t.Fatalf("configuration %v, error %v", config, err)
		}
		var faults Faults
		if err != nil && !errors.As(err, &faults) {
			t.Fatalf("%v is not Faults", err)
		}
		for _, fault := range faults {
			if fault.Line < 1 || fault.Column < 1 {
				t.Fatalf("no place: %v", fault)
			}
			if secret.MatchString(fault.Message) && !secret.MatchString(text) {
				t.Fatalf("the value of a variable is visible: %v", fault)
			}
		}
	})
}

func ExampleParse() {
	_, err := Parse("site.yaml", []byte("cameras:\n  - id: gate\n    url: rtsp://192.0.2.10/main\n    qualty: 90\n"), os.LookupEnv)
	fmt.Println(err)
	// Output: site.yaml:4:5: cameras[0]: unknown key qualty; did you mean quality?
}
