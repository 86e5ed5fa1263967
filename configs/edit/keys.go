package edit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/framegate/framegate/configs/internal/node"

	"github.com/goccy/go-yaml/ast"
)

// Keys are the keys of a camera or user in order, as in a file or a request. A value is nil, a string, a list []any, Keys or, only from a file, verbatim. Numbers, true
// and false are strings, as they are written.
type Keys []Key

// Key is one key and its value.
type Key struct {
	Name  string
	Value any
}

// verbatim is a reference to a value elsewhere in the file, such as *name.
type verbatim string

// KeysError says what is wrong with the keys of a request. It never contains a credential.
type KeysError struct {
	Key  string // the wrong key; empty if it is not a single one
	Text string
}

func (e *KeysError) Error() string { return e.Text }

// ParseKeys parses a JSON object. The error is a *KeysError.
func ParseKeys(body []byte) (Keys, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	value, err := parseValue(d, 0)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("something follows the object")
		}
	}
	var known *KeysError
	switch {
	case errors.As(err, &known):
		return nil, err
	case err != nil:
		return nil, &KeysError{Text: fmt.Sprintf("the body is not one JSON object: %v", err)}
	}
	keys, ok := value.(Keys)
	if !ok {
		return nil, &KeysError{Text: "the body is not a JSON object"}
	}
	return keys, nil
}

// maxDepth is how deeply the value of a key may be nested.
const maxDepth = 50

func parseValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errors.New("the object is nested too deeply")
	}
	token, err := d.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			return parseObject(d, depth)
		}
		list := []any{}
		for d.More() {
			value, err := parseValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err := d.Token()
		return list, err
	case nil, string:
		return token, nil
	default:
		return fmt.Sprint(token), nil // json.Number or bool
	}
}

func parseObject(d *json.Decoder, depth int) (any, error) {
	keys := Keys{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		name := token.(string)
		if _, twice := keys.get(name); twice {
			return nil, &KeysError{Key: name, Text: fmt.Sprintf("%s is given twice", name)}
		}
		value, err := parseValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		keys = append(keys, Key{name, value})
	}
	_, err := d.Token()
	return keys, err
}

func (k Keys) get(name string) (any, bool) {
	i := k.index(name)
	if i < 0 {
		return nil, false
	}
	return k[i].Value, true
}

func (k Keys) index(name string) int {
	return slices.IndexFunc(k, func(key Key) bool { return key.Name == name })
}

// merged returns k with a patch applied as in RFC 7396: null removes a key, objects are merged, and other values replace the old ones.
func (k Keys) merged(patch Keys) Keys {
	k = slices.Clone(k)
	for _, p := range patch {
		i := k.index(p.Name)
		value := p.Value
		if inner, ok := value.(Keys); ok {
			own := Keys{}
			if i >= 0 {
				own, _ = k[i].Value.(Keys)
			}
			value = own.merged(inner)
		}
		switch {
		case value == nil && i >= 0:
			k = slices.Delete(k, i, i+1)
		case value == nil:
		case i >= 0:
			k[i].Value = value
		default:
			k = append(k, Key{p.Name, value})
		}
	}
	return k
}

// nulls returns the keys that are null, as paths such as overlay.text.
func (k Keys) nulls() []string {
	var all []string
	for _, key := range k {
		if key.Value == nil {
			all = append(all, key.Name)
		}
		if inner, ok := key.Value.(Keys); ok {
			for _, path := range inner.nulls() {
				all = append(all, key.Name+"."+path)
			}
		}
	}
	return all
}

// valueOf returns a node of the file as a value of Keys.
func valueOf(n ast.Node) any {
	switch n := n.(type) {
	case *ast.AnchorNode:
		return valueOf(n.Value)
	case *ast.TagNode:
		return valueOf(n.Value)
	case *ast.AliasNode:
		return verbatim("*" + n.Value.GetToken().Value)
	case *ast.SequenceNode:
		list := []any{}
		for _, item := range n.Values {
			list = append(list, valueOf(item))
		}
		return list
	}
	if list, ok := node.Entries(n); ok {
		keys := Keys{}
		for _, entry := range list {
			keys = append(keys, Key{entry.Key.GetToken().Value, valueOf(entry.Value)})
		}
		return keys
	}
	if text, ok := node.Text(n); ok {
		return text
	}
	return nil
}

// equal reports whether two values of Keys are equal. The order of keys does not matter.
func equal(a, b any) bool {
	switch a := a.(type) {
	case Keys:
		b, ok := b.(Keys)
		if !ok || len(a) != len(b) {
			return false
		}
		for _, key := range a {
			if other, ok := b.get(key.Name); !ok || !equal(key.Value, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	default:
		switch b.(type) {
		case Keys, []any:
			return false
		}
		return a == b
	}
}
