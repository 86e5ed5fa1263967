package edit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

func keysOf(t testing.TB, text string) Keys {
	t.Helper()
	keys, err := ParseKeys([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// TestEveryCameraOfShippedFilesCanBeEdited changes each camera in each way and checks that all lines outside of that camera stay
// as they are.
func TestEveryCameraOfShippedFilesCanBeEdited(t *testing.T) {
	t.Setenv("CAMERA_PASSWORD", "hunter2")
	t.Setenv("DEMO_RTSP", "rtsp://127.0.0.1:8554")
	for _, name := range []string{"../demo.yaml", "../example.yaml", "../jetson.yaml"} {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		config, err := configs.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, camera := range config.Cameras {
			for request, do := range map[string]change{
				"disable":      merging(camera.ID, keysOf(t, `{"disabled": true}`)),
				"rename":       merging(camera.ID, keysOf(t, `{"name": "A: \"new\" #name"}`)),
				"two keys":     merging(camera.ID, keysOf(t, `{"fps": 7, "overlay": {"time": true}}`)),
				"drop a name":  merging(camera.ID, keysOf(t, `{"name": null, "disabled": null}`)),
				"replace":      replacing(camera.ID, keysOf(t, `{"name": "N", "url": "test://ball"}`)),
				"remove":       removing(camera.ID),
				"add":          adding(keysOf(t, `{"id": "added", "url": "rtsp://192.0.2.99/main", "password": "p#: x", "username": "u"}`)),
				"add by an id": addingAs("added", keysOf(t, `{"url": "rtsp://192.0.2.99/main"}`)),
			} {
				t.Run(fmt.Sprintf("%s/%s/%s", name, camera.ID, request), func(t *testing.T) {
					after, text, err := do.text(name, content)
					if err != nil {
						t.Fatal(err)
					}
					from, to := linesOfCamera(string(content), i)
					if strings.HasPrefix(request, "add") {
						from, to = len(strings.Split(string(content), "\n"))-1, len(strings.Split(string(content), "\n"))-1
					}
					onlyLinesChanged(t, string(content), string(text), from, to)
					checkCamera(t, after, camera.ID, request)
				})
			}
		}
	}
}

func checkCamera(t *testing.T, config *configs.Config, id, request string) {
	t.Helper()
	i := indexOf(config, id)
	if (i < 0) != (request == "remove") {
		t.Fatalf("%s is at index %d", id, i)
	}
	switch request {
	case "disable":
		if !config.Cameras[i].Disabled {
			t.Error("the camera is not disabled")
		}
	case "rename":
		if got := config.Cameras[i].Name; got != `A: "new" #name` {
			t.Errorf("the name is %q", got)
		}
	case "two keys":
		if c := config.Cameras[i]; c.FPS != 7 || !c.Overlay.Time {
			t.Errorf("fps %v, time %v", c.FPS, c.Overlay.Time)
		}
	case "replace":
		if c := config.Cameras[i]; c.Name != "N" || c.URL != "test://ball" || c.Username != "" || c.Width != config.Defaults.Width {
			t.Errorf("%+v", c)
		}
	case "add", "add by an id":
		if last := config.Cameras[len(config.Cameras)-1]; last.ID != "added" || request == "add" && last.Source.Password.Reveal() != "p#: x" {
			t.Errorf("%+v", last)
		}
	}
}

// linesOfCamera returns the index of a camera's first line in a shipped file, and the index after its last.
func linesOfCamera(text string, index int) (from, to int) {
	lines := strings.Split(text, "\n")
	var dashes []int
	for i, l := range lines {
		if strings.HasPrefix(l, "  - id: ") {
			dashes = append(dashes, i)
		}
	}
	dashes = append(dashes, len(lines)-1)
	return dashes[index], dashes[index+1]
}

// onlyLinesChanged checks that the lines before from and those after to are the same, except for blank lines at either place.
func onlyLinesChanged(t *testing.T, before, after string, from, to int) {
	t.Helper()
	was, is := strings.Split(before, "\n"), strings.Split(after, "\n")
	for from > 0 && was[from-1] == "" {
		from--
	}
	rest := was[to:]
	if len(is) < from+len(rest) || !slices.Equal(was[:from], is[:from]) || !slices.Equal(rest, is[len(is)-len(rest):]) {
		t.Fatalf("lines other than %d to %d have changed:\n%s", from+1, to, after)
	}
}

// commentsOf returns the comments of a text.
func commentsOf(text string) []string {
	var all []string
	for _, tk := range lexer.Tokenize(strings.ReplaceAll(text, "\r\n", "\n") + "\n") {
		if tk.Type == token.CommentType {
			all = append(all, strings.TrimSpace(tk.Value))
		}
	}
	return all
}

// FuzzEdit checks that whatever the file and the request, the request is refused, or the file still loads, no other camera has
// changed, no comment is new, and none is lost unless something was removed.
func FuzzEdit(f *testing.F) {
	f.Setenv("CAMERA_PASSWORD", "hunter2")
	for _, file := range []string{"../example.yaml", "../jetson.yaml"} {
		content, _ := os.ReadFile(file)
		f.Add(string(content), "patch", "yard", `{"name": "Y", "fps": null, "overlay": {"time": true}}`)
	}
	files, _ := filepath.Glob("testdata/*.txt")
	for _, file := range files {
		content, _ := os.ReadFile(file)
		request, rest, _ := strings.Cut(string(content), "\n-- before --\n")
		before, _, ok := strings.Cut(rest, "-- after --\n")
		if !ok {
			before, _, _ = strings.Cut(rest, "-- refused --\n")
		}
		method, rest, _ := strings.Cut(request, " ")
		id := ""
		if method != "post" {
			id, rest, _ = strings.Cut(rest, " ")
		}
		f.Add(before, method, id, rest)
	}
	f.Fuzz(func(t *testing.T, text, method, id, body string) {
		keys, err := ParseKeys([]byte(body))
		if err != nil {
			var refused *KeysError
			if !errors.As(err, &refused) {
				t.Fatalf("%v is not a KeysError", err)
			}
			keys = Keys{{"fps", "3"}} // most bodies cannot be read, but the file is still worth a try
		}
		do := map[string]change{"post": adding(keys), "patch": merging(id, keys), "put": replacing(id, keys), "delete": removing(id),
			"user": settingUser(id, keys), "no-user": removingUser(id)}[method]
		if do == nil {
			return
		}
		before, err := configs.Parse("a.yaml", []byte(text), os.LookupEnv)
		if err != nil {
			return
		}
		_, edited, err := do.text("a.yaml", []byte(text))
		if err != nil {
			return
		}
		after, err := configs.Parse("a.yaml", edited, os.LookupEnv)
		if err != nil {
			t.Fatalf("the result does not load: %v\n%s", err, edited)
		}
		others := func(c *configs.Config) (others []configs.Camera) {
			for _, camera := range c.Cameras {
				if indexOf(before, camera.ID) >= 0 && (camera.ID != id || strings.HasSuffix(method, "user")) {
					others = append(others, camera)
				}
			}
			return others
		}
		if !reflect.DeepEqual(others(before), others(after)) {
			t.Fatalf("other cameras have changed:\n%s", edited)
		}
		otherUsers := func(c *configs.Config) configs.Auth {
			return configs.Auth{Open: c.Auth.Open, Users: slices.DeleteFunc(slices.Clone(c.Auth.Users), func(u configs.User) bool {
				return strings.HasSuffix(method, "user") && u.Name == id
			})}
		}
		if !reflect.DeepEqual(otherUsers(before), otherUsers(after)) && len(otherUsers(before).Users)+len(otherUsers(after).Users) > 0 {
			t.Fatalf("other users have changed:\n%s", edited)
		}
		was, is := commentsOf(text), commentsOf(string(edited))
		if method == "post" || (method == "patch" || method == "user") && len(keys.nulls()) == 0 {
			if !slices.Equal(was, is) {
				t.Fatalf("comments %q became %q", was, is)
			}
		}
		for _, comment := range is {
			i := slices.Index(was, comment)
			if i < 0 {
				t.Fatalf("a comment is new or has moved: %q", comment)
			}
			was = was[i+1:]
		}
	})
}

func TestKeysOfARequestAreOneObject(t *testing.T) {
	for body, want := range map[string]string{
		"":                       "the body is not one JSON object: unexpected EOF",
		"[]":                     "the body is not a JSON object",
		"null":                   "the body is not a JSON object",
		`{"a": 1} {}`:            "something follows the object",
		`{"a": 1, "a": 2}`:       "a is given twice",
		`{"a": {"b": 1, "b": 2}`: "b is given twice",
		`{"a": }`:                "invalid character",
		`{"a": ` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`: "nested too deeply",
	} {
		_, err := ParseKeys([]byte(body))
		var refused *KeysError
		if !errors.As(err, &refused) || !strings.Contains(refused.Text, want) {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
	keys := keysOf(t, `{"b": true, "a": [1e3, "x", null, {}], "c": null}`)
	if want := (Keys{{"b", "true"}, {"a", []any{"1e3", "x", nil, Keys{}}}, {"c", nil}}); !reflect.DeepEqual(keys, want) {
		t.Errorf("got %#v", keys)
	}
}
