package edit

import (
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// unfold rewrites a list in brackets, so that each camera or user is on a line of its own.
func (d *document) unfold() error {
	key, _, err := d.list()
	if err != nil || key == nil {
		return err
	}
	sequence, ok := key.node.Value.(*ast.SequenceNode)
	if !ok || !sequence.IsFlowStyle || len(sequence.Values) == 0 {
		return nil
	}
	_, parts, err := d.parts(sequence.Start)
	if err != nil {
		return err
	}
	stop := sequence.End.Position.Line
	head, err := d.oneLine(key.line, stop, d.lines[key.line].text[:key.value], true)
	if err != nil {
		return err
	}
	unfolded := []line{head}
	for _, part := range parts {
		unfolded = append(unfolded, line{spaces(key.column+2) + "- " + part, d.newline})
	}
	d.lines = slices.Replace(d.lines, key.line, stop, unfolded...)
	return d.parse()
}

// braces returns the place of the opening brace of a mapping, and the text of the mapping with the keys want.
func (d *document) braces(n ast.Node, want Keys) (point, string, error) {
	mapping, ok := n.(*ast.MappingNode)
	if !ok {
		return point{}, "", byHand("the braces on line %d are not understood", n.GetToken().Position.Line)
	}
	at, parts, err := d.parts(mapping.Start)
	if err == nil && len(parts) != len(mapping.Values) {
		err = byHand("the braces on line %d are not understood", at.line+1)
	}
	if err != nil {
		return at, "", err
	}
	var own Keys
	var out []string
	for i, e := range mapping.Values {
		name := e.Key.GetToken().Value
		own = append(own, Key{name, valueOf(e.Value)})
		value, wanted := want.get(name)
		if !wanted {
			continue
		}
		part := parts[i]
		if !equal(own[i].Value, value) {
			part = keyText(Key{name, value}, true)
			if keys, ok := value.(Keys); ok && len(keys) > 0 && inFlow(e.Value) && e.Value.Type() == ast.MappingType {
				_, inner, err := d.braces(e.Value, keys)
				if err != nil {
					return at, "", err
				}
				part = valueText(name, true) + ": " + inner
			}
		}
		out = append(out, part)
	}
	for _, key := range want {
		if own.index(key.Name) < 0 {
			out = append(out, keyText(key, true))
		}
	}
	return at, "{" + strings.Join(out, ", ") + "}", nil
}

// parts returns the place of the opening bracket or brace of a flow collection, whose token is start, and the texts between its commas,
// each on one line.
func (d *document) parts(start *token.Token) (point, []string, error) {
	first, err := d.point(start)
	if err != nil {
		return first, nil, err
	}
	var parts []string
	from, depth := point{first.line, first.column + 1}, 0
	for _, t := range d.tokens[slices.Index(d.tokens, start)+1:] {
		switch t.Type {
		case token.CommentType:
			return first, nil, byHand("line %d has a comment within the part that changes", t.Position.Line)
		case token.MappingStartType, token.SequenceStartType:
			depth++
			continue
		case token.MappingEndType, token.SequenceEndType:
			depth--
		}
		if depth < 0 || depth == 0 && t.Type == token.CollectEntryType {
			to, err := d.point(t)
			if err != nil {
				return first, nil, err
			}
			if part := d.between(from, to); part != "" { // a comma may follow the last part
				parts = append(parts, part)
			}
			from = point{to.line, to.column + 1}
		}
		if depth < 0 {
			return first, parts, nil
		}
	}
	return first, nil, byHand("the brackets on line %d are not understood", first.line+1)
}

// point is a place in the text: a line, and a column in bytes, both counted from 0.
type point struct{ line, column int }

// point returns the place of a token with one character.
func (d *document) point(t *token.Token) (point, error) {
	at := point{line: t.Position.Line - 1}
	column := 1
	for at.column = range d.lines[at.line].text {
		if column == t.Position.Column {
			break
		}
		column++
	}
	if !strings.HasPrefix(d.lines[at.line].text[at.column:], t.Value) {
		return at, byHand("line %d has a tab or another character that is not understood", at.line+1)
	}
	return at, nil
}

// between returns the text between two points on one line.
func (d *document) between(from, to point) string {
	text := d.lines[from.line].text
	if from.line == to.line {
		return strings.TrimSpace(text[from.column:to.column])
	}
	text = text[from.column:]
	for _, l := range d.lines[from.line+1 : to.line] {
		text += "\n" + l.text
	}
	text += "\n" + d.lines[to.line].text[:to.column]
	return strings.TrimSpace(lineBreak.ReplaceAllString(text, " "))
}

var lineBreak = regexp.MustCompile(`[ \t]*\n[ \t]*`)
