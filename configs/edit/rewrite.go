package edit

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/framegate/framegate/configs/internal/node"

	"github.com/goccy/go-yaml/ast"
)

// rewrite replaces the keys of a camera or user in the list by want. A key whose value does not change keeps its text.
func (d *document) rewrite(index int, want Keys) error {
	it, err := d.item(index)
	if err != nil {
		return err
	}
	list, ok := node.Entries(it.node)
	if !ok {
		return byHand("the keys of the %s on line %d are elsewhere in the file", d.of.noun, it.line+1)
	}
	if inFlow(it.node) {
		brace, text, err := d.braces(it.node, want)
		if err != nil {
			return err
		}
		changed, err := d.oneLine(brace.line, it.stop, d.lines[brace.line].text[:brace.column]+text, true)
		d.lines = slices.Replace(d.lines, brace.line, it.stop, changed)
		return err
	}
	first, err := d.entry(list[0])
	if err != nil {
		return err
	}
	changed, err := d.mapping(list, it.stop, want)
	d.lines = slices.Replace(d.lines, first.line, it.stop, changed...)
	return err
}

// mapping returns the lines of a mapping with the keys want. The mapping ends before the line stop. A key that is removed takes the lines
// of its value with it. Comments and blank lines after the value belong to what follows, and stay.
func (d *document) mapping(nodes []*ast.MappingValueNode, stop int, want Keys) ([]line, error) {
	own, err := d.entries(nodes, stop)
	if err != nil {
		return nil, err
	}
	column := own[0].column
	lead := d.lines[own[0].line].text[:column] // with the dash of a list

	var out []line
	first, end := -1, 0 // in out: the line of the first key, and the index after the last key's value
	for i, e := range own {
		next := stop
		if i+1 < len(own) {
			next = own[i+1].line
		}
		last := d.valueEnd(e.line, next)
		if value, wanted := want.get(e.name); wanted {
			kept := d.lines[e.line:last]
			if !equal(valueOf(e.node.Value), value) {
				if kept, err = d.changed(e, last, value); err != nil {
					return nil, err
				}
			}
			if first < 0 {
				first = len(out)
			}
			out = append(out, kept...)
			end = len(out)
		}
		out = append(out, d.lines[last:next]...)
	}
	var added []line
	for _, key := range want {
		if !slices.ContainsFunc(own, func(e entry) bool { return e.name == key.Name }) {
			added = append(added, line{spaces(column) + keyText(key, false), d.newline})
		}
	}
	out = slices.Insert(out, end, added...)
	first = max(first, 0)
	out[first].text = lead + out[first].text[column:]
	return out, nil
}

// changed returns the lines of a key with the value want. Its old lines end before the line stop.
func (d *document) changed(e entry, stop int, want any) ([]line, error) {
	value := unanchored(e.node.Value)
	head, text := d.lines[e.line].text[:e.value]+" ", valueText(want, false)
	list, isMapping := node.Entries(value)
	if keys, ok := want.(Keys); ok && isMapping && len(keys) > 0 && len(list) > 0 {
		if !inFlow(value) {
			inner, err := d.entry(list[0])
			if err == nil && inner.line <= e.line {
				err = byHand("the key %s on line %d is not on a line of its own", inner.name, inner.line+1)
			}
			if err != nil {
				return nil, err
			}
			lines, err := d.mapping(list, stop, keys)
			return append(slices.Clone(d.lines[e.line:inner.line]), lines...), err
		}
		brace, inner, err := d.braces(value, keys)
		if err != nil {
			return nil, err
		}
		text = inner
		if brace.line == e.line { // an anchor before the brace stays
			head = d.lines[e.line].text[:brace.column]
		}
	}
	one, err := d.oneLine(e.line, stop, head+text, inFlow(value))
	return []line{one}, err
}

// oneLine returns a line that replaces the lines from from to stop. It keeps the comment of the first line or, if the text ends in a
// bracket, of the last line. It refuses to lose any other comment.
func (d *document) oneLine(from, stop int, text string, bracket bool) (line, error) {
	kept := -1
	for i := from; i < stop; i++ {
		if _, ok := d.comments[i]; !ok {
			continue
		}
		if kept >= 0 || i > from && !(bracket && i == stop-1) {
			return line{}, byHand("line %d has a comment within the part that changes", i+1)
		}
		kept = i
	}
	if kept >= 0 {
		before, comment := d.lines[kept].text[:d.comments[kept]], d.lines[kept].text[d.comments[kept]:]
		gap := 1
		if kept == from && len(before)-len(strings.TrimRight(before, " \t")) > 1 { // aligned with other comments
			gap = max(utf8.RuneCountInString(before)-utf8.RuneCountInString(text), 1)
		}
		text += spaces(gap) + comment
	}
	return line{text, d.newline}, nil
}
