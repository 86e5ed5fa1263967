package edit

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// keyText returns a key and its value on one line.
func keyText(key Key, inFlow bool) string {
	return valueText(key.Name, true) + ": " + valueText(key.Value, inFlow)
}

// valueText returns a value on one line, with lists and keys in flow style. inFlow says that it will be inside brackets or braces, where
// more texts need quotes.
func valueText(value any, inFlow bool) string {
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
			parts[i] = valueText(item, true)
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

// The texts that are written without quotes. The patterns are narrower than YAML's, so that every YAML parser reads them as texts.
var (
	plain       = regexp.MustCompile(`^(?:[\pL\pN/_.]|\$\{|-[0-9])(?:[\pL\pN/_.${}@%&=?+~!;,()-]| [\pL\pN/_.$(]|:[\pL\pN/_.])*$`)
	plainInFlow = regexp.MustCompile(`^(?:[\pL\pN_.]|-[0-9])(?:[\pL\pN/_.-]| [\pL\pN])*$`)
	special     = regexp.MustCompile(`^(?i:null|---|\.\.\..*)$`)
)

// quoted returns a text in double quotes, with the escapes that YAML and JSON have in common, and \U.
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
