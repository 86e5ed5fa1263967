package configs

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

// example returns the text of example.yaml.
func example(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestExampleHasEveryKey compares the full paths of the keys. Settings count under defaults only. Keys in comments count too.
func TestExampleHasEveryKey(t *testing.T) {
	text := regexp.MustCompile(`(?m)^( *)# ( *(?:- )?[a-z_]+: )`).ReplaceAllString(example(t), "$1$2")
	_, d := decode("example.yaml", []byte(text), environment)
	index := regexp.MustCompile(`\[\d+\]`)
	given := map[string]bool{}
	for path := range d.places {
		given[index.ReplaceAllString(path, "[]")] = true
	}
	for _, path := range keyPaths(reflect.TypeFor[Config](), "") {
		if !given[path] {
			t.Errorf("example.yaml has no %s", path)
		}
	}
	for _, fault := range d.faults {
		if strings.Contains(fault.Message, "unknown key") {
			t.Error(fault)
		}
	}
}

// keyPaths returns the paths of the keys of a type and of all below it, without those of an inlined type.
func keyPaths(t reflect.Type, path string) (all []string) {
	switch {
	case t.Kind() == reflect.Slice:
		return keyPaths(t.Elem(), path+"[]")
	case t.Kind() != reflect.Struct || t == reflect.TypeFor[time.Duration]():
		return nil
	}
	for _, f := range fieldsOf(t) {
		if len(f.index) == 1 {
			key := join(path, f.key)
			all = append(append(all, key), keyPaths(t.FieldByIndex(f.index).Type, key)...)
		}
	}
	return all
}

func TestExampleShowsTheDefaults(t *testing.T) {
	first, _, ok := strings.Cut(example(t), "\nx-small:")
	if !ok {
		t.Fatal("the first part of example.yaml has no end")
	}
	got, want := mustParse(t, first), Default()
	got.Files, got.CORSOrigins, got.EmbedOrigins = nil, nil, nil // [] there
	want.Blank = false
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestExampleNamesEveryValue(t *testing.T) {
	text := example(t)
	for _, of := range []reflect.Type{reflect.TypeFor[Config](), reflect.TypeFor[Settings](), reflect.TypeFor[Overlay](), reflect.TypeFor[User]()} {
		for _, f := range fieldsOf(of) {
			values := f.tag.Get("enum")
			if values == "" {
				continue
			}
			line := regexp.MustCompile(`(?m)^ *(?:# +)?` + f.key + `:.*$`).FindString(text)
			for _, value := range strings.Split(values, ",") {
				if !regexp.MustCompile(`\b` + value + `\b`).MatchString(line) {
					t.Errorf("example.yaml does not say that %s may be %s: %s", f.key, value, line)
				}
			}
		}
	}
}
