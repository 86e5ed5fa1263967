// Package node reads nodes of a YAML syntax tree, for configs and configs/edit.
package node

import (
	"errors"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Entries returns the keys and values of a mapping, and false for any other node.
func Entries(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// Text returns the text of a scalar as written, without quotes, and false for any other node and for null.
func Text(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// ByteOrderMark is written at the beginning of a file by some editors on Windows.
const ByteOrderMark = "\uFEFF"

// SyntaxError returns what the parser found wrong, and at which token; nil if it names none. The message quotes at most single characters
// of the file, because it may be shown to people who must not see the file.
func SyntaxError(err error) (message string, at *token.Token) {
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		return withoutQuotation(syntax.GetMessage()), syntax.GetToken()
	}
	return "this is not YAML", nil
}

// withoutQuotation replaces a message in which the parser quotes texts of the file, in double quotes. They may be passwords.
func withoutQuotation(message string) string {
	switch {
	case strings.HasPrefix(message, "invalid header option"):
		return "a text that begins with | or > must be in quotes"
	case strings.Contains(message, `"`):
		return "this is not YAML; a text with special characters must be in quotes"
	}
	return message
}
