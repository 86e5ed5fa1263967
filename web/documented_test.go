package web

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/framegate/framegate/internal/viewer"
)

func TestStateHasTheDocumentedKeys(t *testing.T) {
	url := serve(t)
	s, err := viewer.Open(t.Context(), url+"/cameras/gate/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var cameras []map[string]any
	for len(cameras) == 0 || cameras[0]["state"] != "live" || cameras[1]["state"] == "idle" || cameras[1]["state"] == "connecting" {
		_, body := get(t, url+"/api/cameras")
		if err := json.Unmarshal(body, &cameras); err != nil || len(cameras) != 3 {
			t.Fatalf("%v %s", err, body)
		}
	}
	if fault := fmt.Sprint(cameras[1]["error"]); !strings.Contains(fault, "connection refused") {
		t.Errorf("the lost camera has the error %q", fault)
	}
	states := fmt.Sprint(cameras[0]["state"], cameras[1]["state"], cameras[2]["state"])
	if states != "livelostdisabled" {
		t.Errorf("states %s", states)
	}

	state := cameras[0]
	state["reason"] = cameras[1]["reason"] // which only a camera without pictures has
	var names []string
	for _, row := range documented(t, "\n## State\n") {
		keys := quoted(row[0])
		names = append(names, keys...)
		if len(keys) > 1 {
			continue
		}
		value := state[keys[0]]
		if list, ok := value.([]any); ok && len(list) > 0 {
			value = list[0]
		}
		if object, ok := value.(map[string]any); ok {
			compareKeys(t, keys[0], object, nestedKeys(row[1]))
		}
	}
	compareKeys(t, "a camera", state, names)
}

// nestedKeys returns the keys of an object that its documentation lists, which explains some of them in parentheses.
func nestedKeys(text string) []string {
	text = regexp.MustCompile(`\([^)]*\)`).ReplaceAllString(text, "")
	if _, list, ok := strings.Cut(text, ": "); ok {
		text = list
	}
	return quoted(text)
}

func compareKeys(t *testing.T, what string, object map[string]any, want []string) {
	t.Helper()
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(object)); !slices.Equal(got, want) {
		t.Errorf("%s has the keys %v; docs/http.md says %v", what, got, want)
	}
}

func TestParametersAreDocumented(t *testing.T) {
	ranges := map[string]string{}
	for _, row := range documented(t, "\n## Streams\n") {
		for _, name := range quoted(row[0]) {
			ranges[name] = strings.ReplaceAll(row[1], "`", "")
		}
	}
	for _, p := range slices.Concat(snapshotParameters, rawParameters[len(streamParameters):]) {
		if got := ranges[p.name]; !strings.Contains(got, p.limits) {
			t.Errorf("docs/http.md says of %s %q, want %q", p.name, got, p.limits)
		}
		delete(ranges, p.name)
	}
	if len(ranges) > 0 {
		t.Errorf("docs/http.md has parameters that do not exist: %v", ranges)
	}
}

// documented returns the cells of the first table in docs/http.md after a heading, row by row.
func documented(t *testing.T, heading string) (rows [][]string) {
	t.Helper()
	docs, err := os.ReadFile("../docs/http.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(docs), heading)
	_, table, _ := strings.Cut(rest, "\n| --- |")
	table, _, _ = strings.Cut(table, "\n\n")
	for _, line := range strings.Split(table, "\n")[1:] {
		rows = append(rows, strings.Split(strings.Trim(line, "| "), " | "))
	}
	if len(rows) == 0 {
		t.Fatalf("docs/http.md has no table after %q", heading)
	}
	return rows
}

// quoted returns the names in backquotes in a text.
func quoted(text string) (names []string) {
	for _, match := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(text, -1) {
		names = append(names, match[1])
	}
	return names
}
