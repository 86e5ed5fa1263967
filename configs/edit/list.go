package edit

import (
	"slices"
	"strings"

	"github.com/framegate/framegate/configs/internal/node"

	"github.com/goccy/go-yaml/ast"
)

// list finds the key of the list that is edited, and the cameras or users in it. key is nil if the document has no such key.
func (d *document) list() (key *entry, items []item, err error) {
	var found entry
	nodes, to := d.root, d.stop
	for _, name := range d.of.keys {
		i := indexOfKey(nodes, name)
		if i < 0 {
			return nil, nil, nil
		}
		if found, err = d.entry(nodes[i]); err != nil {
			return nil, nil, err
		}
		if i+1 < len(nodes) {
			to = nodes[i+1].Key.GetToken().Position.Line - 1
		}
		nodes, _ = node.Entries(unanchored(found.node.Value))
	}
	sequence, ok := unanchored(found.node.Value).(*ast.SequenceNode)
	if !ok || sequence.IsFlowStyle {
		return &found, nil, nil
	}
	items = make([]item, len(sequence.Entries))
	for i := len(items) - 1; i >= 0; i-- {
		at := sequence.Entries[i].Start.Position
		it := item{node: unanchored(sequence.Values[i]), line: at.Line - 1, dash: at.Column - 1}
		if it.line <= found.line || it.line >= to || !strings.HasPrefix(d.lines[it.line].text, spaces(it.dash)+"-") {
			return nil, nil, byHand("the %s on line %d does not begin a line", d.of.noun, at.Line)
		}
		it.stop = d.valueEnd(it.line, to)
		for it.end = it.stop; it.end < to && d.comments[it.end] > it.dash; it.end++ {
		}
		items[i], to = it, it.line
	}
	return &found, items, nil
}

func indexOfKey(nodes []*ast.MappingValueNode, name string) int {
	return slices.IndexFunc(nodes, func(n *ast.MappingValueNode) bool { return n.Key.GetToken().Value == name })
}

// item is a camera or user in the list.
type item struct {
	node ast.Node
	line int // index of the line with its dash
	dash int // column of the dash, from 0
	stop int // index after the last line of its value
	end  int // index after the comments that are indented like its keys
}

// item finds a camera or user by its index in the list.
func (d *document) item(index int) (item, error) {
	_, items, err := d.list()
	if err == nil && index >= len(items) {
		err = byHand("the %ss are not on lines of their own", d.of.noun)
	}
	if err != nil {
		return item{}, err
	}
	return items[index], nil
}

// entry is a key on a line of its own, possibly after the dash of a list.
type entry struct {
	node   *ast.MappingValueNode
	name   string
	line   int // index
	column int // of the key, in bytes from 0
	value  int // column after the colon
}

func (d *document) entry(n *ast.MappingValueNode) (entry, error) {
	t := n.Key.GetToken()
	e := entry{node: n, name: t.Value, line: t.Position.Line - 1, column: t.Position.Column - 1}
	if e.line < len(d.lines) && e.column <= len(d.lines[e.line].text) {
		text := d.lines[e.line].text
		for _, written := range []string{e.name, `"` + e.name + `"`, "'" + e.name + "'"} {
			rest, ok := strings.CutPrefix(text[e.column:], written)
			if ok && strings.HasPrefix(strings.TrimLeft(rest, " "), ":") && strings.Trim(text[:e.column], " -") == "" {
				e.value = len(text) - len(rest) + strings.Index(rest, ":") + 1
				return e, nil
			}
		}
	}
	return e, byHand("the key %s on line %d is not on a line of its own", e.name, e.line+1)
}

// entries returns the keys of a mapping that ends before the line stop. Each must be on a line of its own.
func (d *document) entries(nodes []*ast.MappingValueNode, stop int) ([]entry, error) {
	own := make([]entry, len(nodes))
	for i, n := range nodes {
		var err error
		if own[i], err = d.entry(n); err != nil {
			return nil, err
		}
		if own[i].line >= stop || i > 0 && (own[i].line <= own[i-1].line || own[i].column != own[0].column) {
			return nil, byHand("the key %s on line %d is not on a line of its own", own[i].name, own[i].line+1)
		}
	}
	return own, nil
}

// valueEnd returns the index after the last line between from and to that has more than a comment.
func (d *document) valueEnd(from, to int) int {
	for ; to > from; to-- {
		text := d.lines[to-1].text
		if at, ok := d.comments[to-1]; ok {
			text = text[:at]
		}
		if strings.TrimSpace(text) != "" {
			break
		}
	}
	return to
}

func (d *document) blank(i int) bool { return strings.TrimSpace(d.lines[i].text) == "" }

// inFlow reports whether a node is written in braces or brackets.
func inFlow(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.IsFlowStyle
	case *ast.MappingValueNode:
		return n.IsFlowStyle
	case *ast.SequenceNode:
		return n.IsFlowStyle
	}
	return false
}

// unanchored returns the node that an anchor names. Other nodes are returned unchanged.
func unanchored(n ast.Node) ast.Node {
	for {
		anchor, ok := n.(*ast.AnchorNode)
		if !ok {
			return n
		}
		n = anchor.Value
	}
}
