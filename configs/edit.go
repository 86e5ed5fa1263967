package configs

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

// add appends a camera to the list, in the manner of the one before.
func (d *document) add(keys Keys) error {
	key, items, err := d.list()
	switch {
	case err != nil:
		return err
	case key == nil:
		d.insert(d.stop, append([]line{{"cameras:", d.newline}}, d.block(keys, 2, 4)...))
		return nil
	case len(items) == 0:
		return d.addFirst(*key, keys)
	}
	last := items[len(items)-1]
	added := []line{{spaces(last.dash) + "- " + yamlText(keys, true), d.newline}}
	if list, ok := entries(last.node); ok && !inFlow(last.node) {
		added = d.block(keys, last.dash, list[0].Key.GetToken().Position.Column-1)
	}
	if len(items) > 1 && d.blank(last.line-1) {
		added = append([]line{{"", d.newline}}, added...)
	}
	d.insert(last.end, added)
	return nil
}

// addFirst puts a camera into a list that is empty: nothing, null or [].
func (d *document) addFirst(key entry, keys Keys) error {
	stop := key.line + 1
	switch value := key.node.Value.(type) {
	case *ast.NullNode:
	case *ast.SequenceNode:
		stop = value.End.Position.Line
	default:
		return byHand("the cameras have no lines of their own")
	}
	head, err := d.oneLine(key.line, stop, d.lines[key.line].text[:key.value], true)
	if err != nil {
		return err
	}
	d.lines = slices.Replace(d.lines, key.line, stop, append([]line{head}, d.block(keys, 2, 4)...)...)
	return nil
}

func (d *document) insert(at int, added []line) { d.lines = slices.Insert(d.lines, at, added...) }

// block is a camera in lines, with its dash and its keys in the given columns.
func (d *document) block(keys Keys, dash, column int) []line {
	lead := spaces(dash) + "-" + spaces(max(column-dash-1, 1))
	var lines []line
	for _, key := range keys {
		lines = append(lines, line{lead + keyText(key, false), d.newline})
		lead = spaces(len(lead))
	}
	return lines
}

func spaces(n int) string { return strings.Repeat(" ", n) }

// remove takes a camera out of the list, and one of two blank lines around it.
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

// change gives a camera of the list the keys want. What is equal stays as it is written.
func (d *document) change(index int, want Keys) error {
	it, err := d.item(index)
	if err != nil {
		return err
	}
	list, ok := entries(it.node)
	if !ok {
		return byHand("the keys of the camera in line %d stand elsewhere", it.line+1)
	}
	if inFlow(it.node) {
		brace, text, err := d.braces(it.node, want)
		if err != nil {
			return err
		}
		changed, err := d.oneLine(brace.line, it.value, d.lines[brace.line].text[:brace.column]+text, true)
		d.lines = slices.Replace(d.lines, brace.line, it.value, changed)
		return err
	}
	first, err := d.entry(list[0])
	if err != nil {
		return err
	}
	changed, err := d.mapping(list, it.value, want)
	d.lines = slices.Replace(d.lines, first.line, it.value, changed...)
	return err
}

// mapping is a mapping whose keys have lines of their own, up to the line stop, with the keys want. The lines
// of a value go with its key; comments and blank lines behind it belong to what follows, and stay.
func (d *document) mapping(nodes []*ast.MappingValueNode, stop int, want Keys) ([]line, error) {
	own, err := d.entries(nodes, stop)
	if err != nil {
		return nil, err
	}
	column := own[0].column
	lead := d.lines[own[0].line].text[:column] // with the dash of a list

	var out []line
	first, end := -1, 0 // in out: the first key's line, and behind the last key's value
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

// entries are the keys of a mapping that have lines of their own, before the line stop.
func (d *document) entries(nodes []*ast.MappingValueNode, stop int) ([]entry, error) {
	own := make([]entry, len(nodes))
	for i, node := range nodes {
		var err error
		if own[i], err = d.entry(node); err != nil {
			return nil, err
		}
		if own[i].line >= stop || i > 0 && (own[i].line <= own[i-1].line || own[i].column != own[0].column) {
			return nil, byHand("the key %s in line %d has no line of its own", own[i].name, own[i].line+1)
		}
	}
	return own, nil
}

// changed is a key's lines, up to the line stop, with another value.
func (d *document) changed(e entry, stop int, want any) ([]line, error) {
	node := unanchored(e.node.Value)
	head, text := d.lines[e.line].text[:e.value]+" ", yamlText(want, false)
	list, isMapping := entries(node)
	if keys, ok := want.(Keys); ok && isMapping && len(keys) > 0 && len(list) > 0 {
		if !inFlow(node) {
			inner, err := d.entry(list[0])
			if err == nil && inner.line <= e.line {
				err = byHand("the key %s in line %d has no line of its own", inner.name, inner.line+1)
			}
			if err != nil {
				return nil, err
			}
			lines, err := d.mapping(list, stop, keys)
			return append(slices.Clone(d.lines[e.line:inner.line]), lines...), err
		}
		brace, inner, err := d.braces(node, keys)
		if err != nil {
			return nil, err
		}
		text = inner
		if brace.line == e.line { // an anchor before it stays
			head = d.lines[e.line].text[:brace.column]
		}
	}
	one, err := d.oneLine(e.line, stop, head+text, inFlow(node))
	return []line{one}, err
}

// oneLine is a line of text in the place of some lines. A comment of the first one stays with it, or of the
// last one where this ends in a bracket; others would be lost, and are a reason to refuse.
func (d *document) oneLine(from, stop int, text string, bracket bool) (line, error) {
	kept := -1
	for i := from; i < stop; i++ {
		if _, ok := d.comments[i]; !ok {
			continue
		}
		if kept >= 0 || i > from && !(bracket && i == stop-1) {
			return line{}, byHand("there is a comment in line %d, inside of what is changed", i+1)
		}
		kept = i
	}
	if kept >= 0 {
		before, comment := d.lines[kept].text[:d.comments[kept]], d.lines[kept].text[d.comments[kept]:]
		gap := 1
		if kept == from && len(before)-len(strings.TrimRight(before, " \t")) > 1 { // it is in a column with others
			gap = max(utf8.RuneCountInString(before)-utf8.RuneCountInString(text), 1)
		}
		text += spaces(gap) + comment
	}
	return line{text, d.newline}, nil
}

// braces is a mapping in braces with the keys want, and where it begins.
func (d *document) braces(n ast.Node, want Keys) (point, string, error) {
	mapping, ok := n.(*ast.MappingNode)
	if !ok {
		return point{}, "", byHand("the braces in line %d are not understood", n.GetToken().Position.Line)
	}
	at, parts, err := d.parts(mapping.Start)
	if err == nil && len(parts) != len(mapping.Values) {
		err = byHand("the braces in line %d are not understood", at.line+1)
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
				part = yamlText(name, true) + ": " + inner
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

// unfold gives every camera of a list in brackets a line of its own.
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
		unfolded = append(unfolded, line{"  - " + part, d.newline})
	}
	d.lines = slices.Replace(d.lines, key.line, stop, unfolded...)
	return d.parse()
}
