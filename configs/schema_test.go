package configs

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write framegate.schema.json")

const schemaFile = "framegate.schema.json"

// TestSchemaFitsTypes compares the JSON Schema, which editors use, with the types. After a change of the types run
// go test ./configs -run Schema -update
func TestSchemaFitsTypes(t *testing.T) {
	schema := schemaOf(reflect.TypeFor[Config](), "")
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "framegate configuration"
	schema["patternProperties"] = map[string]any{"^x-": map[string]any{}}
	var want bytes.Buffer
	enc := json.NewEncoder(&want)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(schema); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(schemaFile, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s does not fit the types: run go test ./configs -run Schema -update", schemaFile)
	}
}

// schemaOf returns the schema of a type with these tags.
func schemaOf(t reflect.Type, tag reflect.StructTag) map[string]any {
	s := map[string]any{}
	of := s // what the range is for
	if doc := tag.Get("doc"); doc != "" {
		s["description"] = doc
	}
	switch {
	case t == reflect.TypeFor[time.Duration]():
		s["type"], s["examples"] = "string", []string{"500ms", "10s", "1m"}
	case t.Kind() == reflect.Struct:
		properties := map[string]any{}
		for _, f := range fieldsOf(t) {
			properties[f.key] = schemaOf(t.FieldByIndex(f.index).Type, f.tag)
		}
		object := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
		if t == reflect.TypeFor[TLS]() {
			s["anyOf"] = []any{map[string]any{"enum": []string{selfSigned}}, object}
		} else {
			maps.Copy(s, object)
		}
	case t == reflect.TypeFor[Addresses]():
		s["type"], s["items"] = []string{"string", "array"}, schemaOf(t.Elem(), "")
	case t.Kind() == reflect.Slice:
		items := schemaOf(t.Elem(), "")
		s["type"], s["items"] = "array", items
		if n, err := strconv.Atoi(tag.Get("len")); err == nil {
			s["minItems"], s["maxItems"] = n, n
		}
		of = items
	case t.Kind() == reflect.Int && tag.Get("enum") != "":
		s["enum"] = json.RawMessage("[" + tag.Get("enum") + "]")
	case t.Kind() == reflect.Bool:
		s["type"] = []string{"boolean", "string"} // a string may be a variable, here and below
	case t.Kind() == reflect.Int:
		s["type"] = []string{"integer", "string"}
	case t.Kind() == reflect.Float64:
		s["type"] = []string{"number", "string"}
	case tag.Get("enum") != "":
		s["enum"] = strings.Split(tag.Get("enum"), ",")
	default:
		s["type"] = []string{"string", "number"} // url: 0, password: 1234
	}
	for keyword, name := range map[string]string{"minimum": "min", "maximum": "max", "default": "default"} {
		text, ok := tag.Lookup(name)
		if !ok || keyword != "default" && t == reflect.TypeFor[time.Duration]() {
			continue
		}
		of[keyword] = text
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			of[keyword] = v
		} else if v, err := strconv.ParseBool(text); err == nil {
			of[keyword] = v
		}
	}
	return s
}
