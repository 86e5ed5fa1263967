package configs

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"framegate/configs/internal/node"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// decoder walks a YAML document along the types of the configuration and notes every fault with its place.
type decoder struct {
	file    string
	env     func(string) (string, bool)
	anchors map[string]ast.Node
	places  map[string]place // of each value, by its path
	cameras ast.Node         // decoded when the defaults are known, wherever these stand
	files   []string         // that were read
	faults  Faults
	nodes   int // decoded so far, aliases counted each time
}

const (
	maxNodes = 100_000 // bounds what aliases of aliases can make
	maxDepth = 50
)

// place is a line and a column, from 1.
type place struct{ line, column int }

func placeOf(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{1, 1}
	}
	return place{max(t.Position.Line, 1), max(t.Position.Column, 1)}
}

// placeOfNode is where a node begins. A mapping's own token is the colon behind its first key.
func placeOfNode(n ast.Node) place {
	if list, ok := node.Entries(n); ok && len(list) > 0 {
		return placeOf(list[0].Key.GetToken())
	}
	return placeOf(n.GetToken())
}

func (d *decoder) fault(at place, format string, args ...any) {
	d.faults = append(d.faults, Fault{File: d.file, Line: at.line, Column: at.column, Message: fmt.Sprintf(format, args...)})
}

// at is where the value of a key stands, or the nearest thing around it that is there.
func (d *decoder) at(path string) place {
	for {
		if found, ok := d.places[path]; ok {
			return found
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			return place{1, 1}
		}
		path = path[:cut]
	}
}

// has reports whether a key is given.
func (d *decoder) has(path string) bool { _, ok := d.places[path]; return ok }

// resolve takes anchors, aliases and tags off a node.
func (d *decoder) resolve(n ast.Node) ast.Node {
	for range maxDepth {
		switch wrapped := n.(type) {
		case *ast.AnchorNode:
			n = wrapped.Value
		case *ast.TagNode:
			n = wrapped.Value
		case *ast.AliasNode:
			name := wrapped.Value.GetToken().Value
			target, ok := d.anchors[name]
			if !ok {
				d.fault(placeOf(wrapped.GetToken()), "there is no anchor &%s above", name)
				return nil
			}
			n = target
		default:
			return n
		}
	}
	return nil
}

// field is one key of a type.
type field struct {
	key   string
	index []int
	tag   reflect.StructTag
}

// fieldsOf lists the keys of a struct type, those of inlined structs included.
func fieldsOf(t reflect.Type) []field {
	var all []field
	for i := range t.NumField() {
		f := t.Field(i)
		key, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case option == "inline":
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				all = append(all, inner)
			}
		case key != "-":
			all = append(all, field{key, []int{i}, f.Tag})
		}
	}
	return all
}

// object decodes a mapping into a struct. Keys that begin with x- are allowed at the top, for anchors.
func (d *decoder) object(n ast.Node, into reflect.Value, path string, depth int) {
	at := placeOfNode(n)
	n = d.resolve(n)
	list, ok := node.Entries(n)
	if !ok {
		if n != nil && n.Type() != ast.NullType {
			d.fault(at, "%sexpected keys and values, found %s", prefix(path), kindOf(n))
		}
		return
	}
	d.places[path] = placeOfNode(n)
	fields := fieldsOf(into.Type())
	d.mapping(list, path, depth, func(key string, value ast.Node, at place) {
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == key })
		switch {
		case i >= 0:
			d.value(value, into.FieldByIndex(fields[i].index), fields[i].tag, join(path, key), depth+1)
		case path != "" || !strings.HasPrefix(key, "x-"):
			d.fault(at, "%sunknown key %s%s", prefix(path), key, didYouMean(key, fields))
		}
	})
}

// mapping calls use for each key of a mapping; merged mappings (<<) first, so that own keys win.
func (d *decoder) mapping(list []*ast.MappingValueNode, path string, depth int, use func(string, ast.Node, place)) {
	for _, entry := range list {
		if _, merge := entry.Key.(*ast.MergeKeyNode); merge {
			d.merge(entry.Value, path, depth+1, use)
		}
	}
	own := map[string]place{}
	for _, entry := range list {
		if _, merge := entry.Key.(*ast.MergeKeyNode); merge {
			continue
		}
		key, at := entry.Key.GetToken().Value, placeOf(entry.Key.GetToken())
		if first, twice := own[key]; twice {
			d.fault(at, "%s is given twice, first in line %d", join(path, key), first.line)
			continue
		}
		own[key] = at
		d.places[join(path, key)] = placeOfNode(entry.Value)
		use(key, entry.Value, at)
	}
}

func (d *decoder) merge(n ast.Node, path string, depth int, use func(string, ast.Node, place)) {
	at := placeOfNode(n)
	if d.tooLarge(at, depth) {
		return
	}
	n = d.resolve(n)
	if sequence, ok := n.(*ast.SequenceNode); ok {
		for _, item := range slices.Backward(sequence.Values) { // the first of a list wins
			d.merge(item, path, depth+1, use)
		}
		return
	}
	if list, ok := node.Entries(n); ok {
		d.mapping(list, path, depth, use)
	} else {
		d.fault(at, "%s<< takes keys and values", prefix(path))
	}
}

// tooLarge counts a node and reports whether there were too many, or too many around each other.
func (d *decoder) tooLarge(at place, depth int) bool {
	d.nodes++
	if d.nodes == maxNodes+1 || depth == maxDepth+1 {
		d.fault(at, "the document is too large or nested too deeply, counting its aliases")
	}
	return d.nodes > maxNodes || depth > maxDepth
}

// value decodes any node into a field.
func (d *decoder) value(n ast.Node, into reflect.Value, tag reflect.StructTag, path string, depth int) {
	at := placeOfNode(n)
	if d.tooLarge(at, depth) {
		return
	}
	if n = d.resolve(n); n == nil || n.Type() == ast.NullType {
		return // an empty value is the default
	}
	switch {
	case into.Type() == reflect.TypeFor[[]Camera]():
		d.cameras = n
	case into.Kind() == reflect.Struct:
		d.object(n, into, path, depth)
	case into.Kind() == reflect.Slice:
		d.list(n, into, tag, path, depth)
	default:
		d.scalar(n, into, tag, path, at)
	}
}

// list decodes a list, which replaces one that was merged from elsewhere.
func (d *decoder) list(n ast.Node, into reflect.Value, tag reflect.StructTag, path string, depth int) {
	sequence, ok := n.(*ast.SequenceNode)
	if !ok {
		d.fault(placeOfNode(n), "%s: expected a list, found %s", path, kindOf(n))
		return
	}
	into.SetZero()
	for i, item := range sequence.Values {
		element := reflect.New(into.Type().Elem()).Elem()
		d.value(item, element, tag, fmt.Sprintf("%s[%d]", path, i), depth+1)
		into.Set(reflect.Append(into, element))
	}
}

// scalar decodes a scalar into a field and checks it against the field's tags.
func (d *decoder) scalar(n ast.Node, into reflect.Value, tag reflect.StructTag, path string, at place) {
	text, ok := node.Text(n)
	if !ok {
		d.fault(at, "%s: expected %s, found %s", path, expected(into), kindOf(n))
		return
	}
	expanded, err := d.expand(text)
	if err != nil {
		d.fault(at, "%s: %v", path, err)
		return
	}
	shown := text // never the expansion, which may be a secret
	if into.Type() == reflect.TypeFor[Secret]() {
		shown = masked
	}
	if err := setScalar(into, expanded, tag); err != nil {
		d.fault(at, "%s is %q; it must be %v", path, shown, err)
	}
}

func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys and values"
	case *ast.SequenceNode:
		return "a list"
	case *ast.IntegerNode, *ast.FloatNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	case *ast.NullNode:
		return "nothing"
	default:
		return "a text"
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func prefix(path string) string {
	if path == "" {
		return ""
	}
	return path + ": "
}

// didYouMean finds the key that was probably meant.
func didYouMean(key string, fields []field) string {
	best, distance := "", 3
	for _, f := range fields {
		if d := editDistance(key, f.key); d < distance {
			best, distance = f.key, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// editDistance is the number of letters to insert, delete or replace.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
