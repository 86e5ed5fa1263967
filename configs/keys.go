package configs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/ast"
)

// Keys are the keys of a camera in order, as the file gives them or a request wants them. A value is nil, a
// string, a list []any or Keys. Every number, true and false is its text: that is what is read of the file.
type Keys []Key

// Key is one key and its value.
type Key struct {
	Name  string
	Value any
}

// verbatim is a value that is named in one place of the file and stands in another: *name.
type verbatim string

// KeysError tells what is wrong with keys that were asked for. It never holds a credential.
type KeysError struct {
	Key  string // the one at fault; empty where it is not a single one
	Text string
}

func (e *KeysError) Error() string { return e.Text }

// ParseKeys reads a JSON object. The error is a KeysError.
func ParseKeys(body []byte) (Keys, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	value, err := parseValue(d, 0)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("something follows it")
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

func parseValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errors.New("it is nested too deeply")
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

// merged is k changed by a patch as RFC 7396 says: null removes, objects are merged, all else replaces.
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

// nulls lists the keys that are null, as paths such as overlay.text.
func (k Keys) nulls() []string {
	var all []string
	for _, key := range k {
		if key.Value == nil {
			all = append(all, key.Name)
		}
		if inner, ok := key.Value.(Keys); ok {
			for _, path := range inner.nulls() {
				all = append(all, join(key.Name, path))
			}
		}
	}
	return all
}

// valueOf is a node of the file as a value of Keys.
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
	if list, ok := entries(n); ok {
		keys := Keys{}
		for _, entry := range list {
			keys = append(keys, Key{entry.Key.GetToken().Value, valueOf(entry.Value)})
		}
		return keys
	}
	if text, ok := scalarText(n); ok {
		return text
	}
	return nil
}

// equal compares two values; the order of keys does not matter.
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

// yamlText writes a value in one line, in flow style where it has parts of its own. A text inside brackets
// or braces needs quotes more often: inFlow.
func yamlText(value any, inFlow bool) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case verbatim:
		return string(v)
	case Keys:
		parts := make([]string, len(v))
		for i, key := range v {
			parts[i] = keyText(key, true)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = yamlText(item, true)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	text := value.(string)
	form := plain
	if inFlow {
		form = plainInFlow
	}
	if form.MatchString(text) && !special.MatchString(text) {
		return text
	}
	return quoted(text)
}

func keyText(key Key, inFlow bool) string {
	return yamlText(key.Name, true) + ": " + yamlText(key.Value, inFlow)
}

// The forms are narrower than YAML's, so that every reader takes them for texts.
var (
	plain       = regexp.MustCompile(`^(?:[\pL\pN/_.]|\$\{|-[0-9])(?:[\pL\pN/_.${}@%&=?+~!;,()-]| [\pL\pN/_.$(]|:[\pL\pN/_.])*$`)
	plainInFlow = regexp.MustCompile(`^(?:[\pL\pN_.]|-[0-9])(?:[\pL\pN/_.-]| [\pL\pN])*$`)
	special     = regexp.MustCompile(`^(?i:null|---|\.\.\..*)$`)
)

// quoted is a text in double quotes, with escapes that YAML and JSON have in common, but for \U.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xFFFF:
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			fmt.Fprintf(&b, `\u%04X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
