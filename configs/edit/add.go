package edit

import (
	"slices"
	"strings"

	"github.com/framegate/framegate/configs/internal/node"

	"github.com/goccy/go-yaml/ast"
)

// add appends a camera or user to the list, in the style of the last one in it.
func (d *document) add(keys Keys) error {
	key, items, err := d.list()
	switch {
	case err != nil:
		return err
	case key == nil:
		d.insert(d.stop, append([]line{{d.of.keys[0] + ":", d.newline}}, d.block(keys, 2, 4)...))
		return nil
	case len(items) == 0:
		return d.addFirst(*key, keys)
	}
	last := items[len(items)-1]
	added := []line{{spaces(last.dash) + "- " + valueText(keys, true), d.newline}}
	if list, ok := node.Entries(last.node); ok && !inFlow(last.node) {
		added = d.block(keys, last.dash, list[0].Key.GetToken().Position.Column-1)
	}
	if len(items) > 1 && d.blank(last.line-1) {
		added = append([]line{{"", d.newline}}, added...)
	}
	d.insert(last.end, added)
	return nil
}

// addFirst adds a camera or user to an empty list, which may be written as nothing, null or [].
func (d *document) addFirst(key entry, keys Keys) error {
	stop := key.line + 1
	switch value := key.node.Value.(type) {
	case *ast.NullNode:
	case *ast.SequenceNode:
		stop = value.End.Position.Line
	default:
		return byHand("the %ss are not on lines of their own", d.of.noun)
	}
	head, err := d.oneLine(key.line, stop, d.lines[key.line].text[:key.value], true)
	if err != nil {
		return err
	}
	d.lines = slices.Replace(d.lines, key.line, stop, append([]line{head}, d.block(keys, key.column+2, key.column+4)...)...)
	return nil
}

// block returns the lines of a camera or user, with its dash and its keys in these columns.
func (d *document) block(keys Keys, dash, column int) []line {
	lead := spaces(dash) + "-" + spaces(max(column-dash-1, 1))
	var lines []line
	for _, key := range keys {
		lines = append(lines, line{lead + keyText(key, false), d.newline})
		lead = spaces(len(lead))
	}
	return lines
}

func (d *document) insert(at int, added []line) { d.lines = slices.Insert(d.lines, at, added...) }

// remove removes a camera or user from the list, and one of two blank lines around it.
func (d *document) remove(index int) error {
	it, err := d.item(index)
	if err != nil {
		return err
	}
	from, to := it.line, it.end
	if d.blank(from-1) && (to == len(d.lines) || d.blank(to)) {
		from--
	}
	d.lines = slices.Delete(d.lines, from, to)
	return nil
}

func spaces(n int) string { return strings.Repeat(" ", n) }
