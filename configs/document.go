package configs

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// document is the text of a configuration whose list of cameras can be changed. It is never printed from its
// parsed form: that only says where a key stands. The lines of what changes are replaced; all others stay as
// they are, with their comments, blank lines and ends.
//
// Whoever changes it parses the result and compares. So where YAML allows more than is understood here, the
// worst is a refusal with ErrByHand.
type document struct {
	lines   []line
	newline string // the end of a line that is put in
	cut     bool   // the last line has no end in the file

	tokens   token.Tokens
	comments map[int]int // where the comment of a line begins in it, by the line's index
	root     []*ast.MappingValueNode
	stop     int // index behind the last line of the YAML document
}

// line is a line's text and its end.
type line struct{ text, end string }

// ErrByHand says that the file is written in a way that is not changed here.
var ErrByHand = errors.New("the configuration must be changed by hand")

func byHand(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrByHand, fmt.Sprintf(format, args...))
}

// readDocument reads the text of a configuration that Parse takes.
func readDocument(content []byte) (*document, error) {
	d := &document{newline: "\n"}
	for text := range strings.Lines(string(content)) {
		l := line{text: strings.TrimRight(text, "\r\n")}
		l.end = text[len(l.text):]
		if strings.Contains(l.text, "\r") || strings.HasPrefix(l.end, "\r\r") {
			return nil, byHand("line %d holds a carriage return", len(d.lines)+1)
		}
		d.lines = append(d.lines, l)
	}
	if n := len(d.lines); n > 0 {
		if end := d.lines[0].end; end != "" {
			d.newline = end
		}
		if d.cut = d.lines[n-1].end == ""; d.cut {
			d.lines[n-1].end = d.newline
		}
	}
	return d, d.parse()
}

func (d *document) bytes() []byte {
	var b strings.Builder
	for i, l := range d.lines {
		b.WriteString(l.text)
		if !d.cut || i < len(d.lines)-1 {
			b.WriteString(l.end)
		}
	}
	return []byte(b.String())
}

// parse finds the keys and comments of the lines.
func (d *document) parse() error {
	var text strings.Builder
	for _, l := range d.lines {
		text.WriteString(l.text + "\n")
	}
	d.tokens = lexer.Tokenize(text.String())
	if err := d.findComments(); err != nil {
		return err
	}
	file, err := parser.Parse(d.tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return byHand("%s", syntaxFault("", err).Message)
	}
	d.root = nil
	first := 0
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.NullType || doc.Body.Type() == ast.CommentType {
			continue
		}
		list, ok := entries(doc.Body)
		if !ok || len(list) == 0 || inFlow(doc.Body) {
			return byHand("its keys have no lines of their own")
		}
		d.root, first = list, list[0].Key.GetToken().Position.Line-1
	}
	d.stop = len(d.lines)
	for i, l := range d.lines {
		if i > first && documentEnd.MatchString(l.text) {
			d.stop = i
			break
		}
	}
	return nil
}

var documentEnd = regexp.MustCompile(`^(?:\.\.\.|---)(?:\s|$)`)

// findComments tells a comment from a # in a text by the lexer, and finds it in its line by what it says:
// the lexer does not count tabs as columns (goccy/go-yaml v1.18.0).
func (d *document) findComments() error {
	d.comments = map[int]int{}
	for _, t := range d.tokens {
		if t.Type != token.CommentType {
			continue
		}
		i, comment := t.Position.Line-1, "#"+strings.TrimRight(t.Value, " ")
		if i < 0 || i >= len(d.lines) || !strings.HasSuffix(strings.TrimRight(d.lines[i].text, " "), comment) {
			return byHand("the comment in line %d is not understood", i+1)
		}
		d.comments[i] = strings.LastIndex(d.lines[i].text, comment)
	}
	return nil
}

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

// unanchored takes anchors off a node.
func unanchored(n ast.Node) ast.Node {
	for {
		anchor, ok := n.(*ast.AnchorNode)
		if !ok {
			return n
		}
		n = anchor.Value
	}
}

// entry is a key in a line of its own, maybe behind the dash of a list.
type entry struct {
	node   *ast.MappingValueNode
	name   string
	line   int // index
	column int // of the key, in bytes from 0
	value  int // column behind the colon
}

func (d *document) entry(node *ast.MappingValueNode) (entry, error) {
	t := node.Key.GetToken()
	e := entry{node: node, name: t.Value, line: t.Position.Line - 1, column: t.Position.Column - 1}
	if e.line < len(d.lines) && e.column <= len(d.lines[e.line].text) {
		text := d.lines[e.line].text
		for _, written := range []string{e.name, `"` + e.name + `"`, "'" + e.name + "'"} {
			behind, ok := strings.CutPrefix(text[e.column:], written)
			if ok && strings.HasPrefix(strings.TrimLeft(behind, " "), ":") && strings.Trim(text[:e.column], " -") == "" {
				e.value = len(text) - len(behind) + strings.Index(behind, ":") + 1
				return e, nil
			}
		}
	}
	return e, byHand("the key %s in line %d has no line of its own", e.name, e.line+1)
}

// item is a camera in the list.
type item struct {
	node  ast.Node
	line  int // index of the line with its dash
	dash  int // column of it, from 0
	value int // index behind the last line of its value
	end   int // index behind the comments that are indented like its keys
}

// list finds the key cameras and the cameras in it. There is no key where it is missing.
func (d *document) list() (key *entry, items []item, err error) {
	i := slices.IndexFunc(d.root, func(n *ast.MappingValueNode) bool { return n.Key.GetToken().Value == "cameras" })
	if i < 0 {
		return nil, nil, nil
	}
	found, err := d.entry(d.root[i])
	if err != nil {
		return nil, nil, err
	}
	to := d.stop
	if i+1 < len(d.root) {
		to = d.root[i+1].Key.GetToken().Position.Line - 1
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
			return nil, nil, byHand("the camera in line %d does not begin a line", at.Line)
		}
		it.value = d.valueEnd(it.line, to)
		for it.end = it.value; it.end < to && d.comments[it.end] > it.dash; it.end++ {
		}
		items[i], to = it, it.line
	}
	return &found, items, nil
}

// item finds a camera by its index in the list.
func (d *document) item(index int) (item, error) {
	_, items, err := d.list()
	if err == nil && index >= len(items) {
		err = byHand("the cameras have no lines of their own")
	}
	if err != nil {
		return item{}, err
	}
	return items[index], nil
}

// valueEnd is the index behind the last of some lines that holds more than a comment.
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

// parts are the texts between the brackets or braces of a flow collection, each in one line, and where the
// collection begins.
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
			return first, nil, byHand("there is a comment in line %d, inside of what is changed", t.Position.Line)
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
			if part := d.between(from, to); part != "" { // a comma may stand behind the last
				parts = append(parts, part)
			}
			from = point{to.line, to.column + 1}
		}
		if depth < 0 {
			return first, parts, nil
		}
	}
	return first, nil, byHand("the brackets in line %d are not understood", first.line+1)
}

// point is a line's index and a column in bytes from 0.
type point struct{ line, column int }

// point is where a token of one character stands.
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

var lineBreak = regexp.MustCompile(`[ \t]*\n[ \t]*`)

// between is the text between two points in one line.
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
