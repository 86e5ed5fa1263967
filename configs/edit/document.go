package edit

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/framegate/framegate/configs/internal/node"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// document is the text of a configuration whose lists of cameras and users can be edited. An edit replaces the lines that it changes and
// keeps all others byte for byte, with their comments, blank lines and line ends. The syntax tree only says where a key is; the text is
// never printed from it.
//
// The result of an edit is parsed and compared with what the edit should do. If YAML allows something that document does not understand,
// the edit is refused with ErrByHand.
type document struct {
	lines   []line
	newline string   // the line end of added lines
	cut     bool     // the last line of the file has no line end
	mark    string   // the byte order mark, if the file has one
	of      *section // the list that is edited

	tokens   token.Tokens
	comments map[int]int // column at which the comment of a line begins, by the line's index
	root     []*ast.MappingValueNode
	stop     int // index after the last line of the YAML document
}

// line is the text of a line and its line end.
type line struct{ text, end string }

// readDocument reads the text of a configuration that configs.Parse accepts.
func readDocument(content []byte) (*document, error) {
	d := &document{newline: "\n", of: cameras}
	text, marked := strings.CutPrefix(string(content), node.ByteOrderMark)
	if marked {
		d.mark = node.ByteOrderMark
	}
	for text := range strings.Lines(text) {
		l := line{text: strings.TrimRight(text, "\r\n")}
		l.end = text[len(l.text):]
		if strings.Contains(l.text, "\r") || strings.HasPrefix(l.end, "\r\r") {
			return nil, byHand("line %d has a carriage return", len(d.lines)+1)
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
		message, _ := node.SyntaxError(err)
		return byHand("%s", message)
	}
	d.root = nil
	first := 0
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.NullType || doc.Body.Type() == ast.CommentType {
			continue
		}
		list, ok := node.Entries(doc.Body)
		if !ok || len(list) == 0 || inFlow(doc.Body) {
			return byHand("its keys are not on lines of their own")
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

// findComments finds where the comment of each line begins. The lexer tells comments from a # in a text, but its columns are wrong after
// tabs (goccy/go-yaml v1.18.0; not checked since), so each comment is searched for in its line.
func (d *document) findComments() error {
	d.comments = map[int]int{}
	for _, t := range d.tokens {
		if t.Type != token.CommentType {
			continue
		}
		i, comment := t.Position.Line-1, "#"+strings.TrimRight(t.Value, " ")
		if i < 0 || i >= len(d.lines) || !strings.HasSuffix(strings.TrimRight(d.lines[i].text, " "), comment) {
			return byHand("the comment on line %d is not understood", i+1)
		}
		d.comments[i] = strings.LastIndex(d.lines[i].text, comment)
	}
	return nil
}

// bytes returns the text.
func (d *document) bytes() []byte {
	var b strings.Builder
	b.WriteString(d.mark)
	for i, l := range d.lines {
		b.WriteString(l.text)
		if !d.cut || i < len(d.lines)-1 {
			b.WriteString(l.end)
		}
	}
	return []byte(b.String())
}

// ErrByHand says that the file is written in a way that this package does not edit.
var ErrByHand = errors.New("the configuration must be changed by hand")

func byHand(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrByHand, fmt.Sprintf(format, args...))
}
