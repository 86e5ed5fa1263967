package configs

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/framegate/framegate/configs/internal/node"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// decode decodes a configuration, which must not be used if the decoder has faults.
func decode(name string, content []byte, env func(string) (string, bool)) (*Config, *decoder) {
	d := &decoder{file: name, env: env, anchors: map[string]ast.Node{}, places: map[string]place{}}
	if len(content) > maxConfig {
		d.fault(place{1, 1}, "the file is %v", tooLarge(maxConfig))
		return nil, d
	}
	if !utf8.Valid(content) {
		d.fault(place{1, 1}, "the file is not UTF-8 text")
		return nil, d
	}
	// goccy/go-yaml v1.18.0 counts a line that ends in CRLF twice, and leaves the CR in texts.
	text := strings.ReplaceAll(strings.TrimPrefix(string(content), node.ByteOrderMark), "\r\n", "\n")
	tokens := lexer.Tokenize(text)
	if message, at := node.TooLarge(tokens); at != nil {
		d.fault(placeOf(at), "%s", message)
		return nil, d
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		message, at := node.SyntaxError(err)
		d.fault(placeOf(at), "%s", message)
		return nil, d
	}
	config := d.document(file)
	config.Files = append(d.files, name)
	slices.Sort(d.variables)
	config.Variables = slices.Compact(d.variables)
	return config, d
}

// decoder walks a YAML document along the types of the configuration and collects every fault with its place.
type decoder struct {
	file    string
	env     func(string) (string, bool)
	anchors map[string]ast.Node
	places  map[string]place // of each value, by its path
	cameras ast.Node         // decoded last, when the defaults are known
	files   []string         // that were read

	variables []string // environment variables that were looked up
	faults    Faults
	nodes     int // decoded so far; the nodes of an alias count each time
}

const (
	maxNodes = 100_000 // limits aliases of aliases
	maxDepth = 50
)

// document decodes a file.
func (d *decoder) document(file *ast.File) *Config {
	config := Default()
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.NullType && doc.Body.Type() != ast.CommentType {
			bodies = append(bodies, doc.Body)
		}
	}
	switch len(bodies) {
	case 0:
		return config
	case 1:
	default:
		d.fault(placeOfNode(bodies[1]), "a second document; a configuration must be a single one")
		return config
	}
	config.Blank = false
	ast.Walk(anchorVisitor(d.anchors), bodies[0])
	d.object(bodies[0], reflect.ValueOf(config).Elem(), "", 0)
	d.checkServer(config)
	d.checkFont(config)
	d.checkSize("defaults")
	if d.cameras != nil {
		d.decodeCameras(config)
	}
	d.checkGroups(config)
	return config
}

// anchorVisitor collects the nodes of anchors by name.
type anchorVisitor map[string]ast.Node

// Visit implements ast.Visitor.
func (a anchorVisitor) Visit(n ast.Node) ast.Visitor {
	if anchor, ok := n.(*ast.AnchorNode); ok {
		a[anchor.Name.GetToken().Value] = anchor.Value
	}
	return a
}

// place is a line and a column, from 1.
type place struct{ line, column int }

func placeOf(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{1, 1}
	}
	return place{max(t.Position.Line, 1), max(t.Position.Column, 1)}
}

// placeOfNode returns the place where a node begins. A mapping's own token is the colon after its first key.
func placeOfNode(n ast.Node) place {
	if list, ok := node.Entries(n); ok && len(list) > 0 {
		return placeOf(list[0].Key.GetToken())
	}
	return placeOf(n.GetToken())
}

// maxFaults is how many faults are listed: a page shows them, and each is logged.
const maxFaults = 200

func (d *decoder) fault(at place, format string, args ...any) {
	switch n := len(d.faults); {
	case n > maxFaults:
		return
	case n == maxFaults:
		format, args = "there are more faults than %d; the others are not listed", []any{maxFaults}
	}
	d.faults = append(d.faults, Fault{File: d.file, Line: at.line, Column: at.column, Message: fmt.Sprintf(format, args...)})
}

// faulty reports whether there is a fault whose message begins with a text, such as the path of a key.
func (d *decoder) faulty(prefix string) bool {
	return slices.ContainsFunc(d.faults, func(f Fault) bool { return strings.HasPrefix(f.Message, prefix) })
}

// at returns the place of a key's value or, where the key is not given, of what would contain it.
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

// has reports whether the document gives a key.
func (d *decoder) has(path string) bool { _, ok := d.places[path]; return ok }

// plainTags are the tags of YAML that state what a value is anyway. Others would change it.
var plainTags = []string{"!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq"}

// resolve returns the node behind anchors, aliases and tags.
func (d *decoder) resolve(n ast.Node) ast.Node {
	for range maxDepth {
		switch wrapped := n.(type) {
		case *ast.AnchorNode:
			n = wrapped.Value
		case *ast.TagNode:
			if !slices.Contains(plainTags, wrapped.GetToken().Value) {
				// It may be a password.
				d.fault(placeOf(wrapped.GetToken()), "there are no tags here; a text that begins with ! must be in quotes")
				return nil
			}
			n = wrapped.Value
		case *ast.AliasNode:
			name := wrapped.Value.GetToken().Value
			target, ok := d.anchors[name]
			if !ok {
				// The name may be a password.
				d.fault(placeOf(wrapped.GetToken()), "there is no anchor of this name above; a text that begins with * must be in quotes")
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

// fieldsOf returns the keys of a struct type and of the structs that it inlines.
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

// object decodes a mapping into a struct. At the top, keys that begin with x- are allowed, for anchors.
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

// mapping calls use for each key of a mapping. Merged keys (<<) come first, so that the mapping's own keys override them.
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
		if next := entry.Key.GetToken().Next; next != nil && (next.Type == token.CollectEntryType || next.Type == token.MappingEndType) {
			d.fault(at, "%sa key without a colon; a text that has a comma must be in quotes", prefix(path)) // without the key, which may be part of a password
			continue
		}
		if first, twice := own[key]; twice {
			d.fault(at, "%s is given twice, first on line %d", join(path, key), first.line)
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
		for _, item := range slices.Backward(sequence.Values) { // the first of a list overrides the others
			d.merge(item, path, depth+1, use)
		}
		return
	}
	if list, ok := node.Entries(n); ok {
		d.mapping(list, path, depth, use)
	} else {
		d.fault(at, "%s<< must have keys and values", prefix(path))
	}
}

// tooLarge counts a node and reports whether there are too many, or they are nested too deeply.
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
		return // an empty value means the default
	}
	switch {
	case into.Type() == reflect.TypeFor[[]Camera]():
		d.cameras = n
	case into.Type() == reflect.TypeFor[TLS]() && d.tlsWord(n, into, path, at):
	case into.Kind() == reflect.Struct:
		d.object(n, into, path, depth)
	case into.Type() == reflect.TypeFor[Addresses]() && n.Type() != ast.SequenceType: // a single one
		one := reflect.ValueOf(Addresses{""})
		if d.scalar(n, one.Index(0), tag, path, at) {
			into.Set(one)
		}
	case into.Kind() == reflect.Slice:
		d.list(n, into, tag, path, depth)
	default:
		d.scalar(n, into, tag, path, at)
	}
}

// list decodes a list. It replaces one that was merged before.
func (d *decoder) list(n ast.Node, into reflect.Value, tag reflect.StructTag, path string, depth int) {
	sequence, ok := n.(*ast.SequenceNode)
	if !ok {
		d.fault(placeOfNode(n), "%s: expected a list, found %s", path, kindOf(n))
		return
	}
	into.SetZero()
	for i, item := range sequence.Values {
		element, at := reflect.New(into.Type().Elem()).Elem(), fmt.Sprintf("%s[%d]", path, i)
		if element.Kind() == reflect.Struct {
			setDefaults(element)
		}
		d.places[at] = placeOfNode(item)
		d.value(item, element, tag, at, depth+1)
		into.Set(reflect.Append(into, element))
	}
}

// scalar decodes a scalar into a field and checks it against the field's tags. It returns false after a fault.
func (d *decoder) scalar(n ast.Node, into reflect.Value, tag reflect.StructTag, path string, at place) bool {
	text, ok := node.Text(n)
	if !ok {
		d.fault(at, "%s: expected %s, found %s", path, expected(into), kindOf(n))
		return false
	}
	secret := into.Type() == reflect.TypeFor[Secret]()
	expanded, err := d.expand(text, secret)
	if err != nil {
		d.fault(at, "%s: %v", path, err)
		return false
	}
	shown := text // not the expansion, which may be a secret
	if secret {
		shown = masked
	}
	if err := setScalar(into, expanded, tag); err != nil {
		d.fault(at, "%s is %q; it must be %v", path, shown, err)
		return false
	}
	return true
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
		return "text"
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
