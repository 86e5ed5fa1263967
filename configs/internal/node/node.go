// Package node reads nodes of a YAML syntax tree, for package configs and for the package that edits its files.
package node

import (
	"errors"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Entries returns the keys and values of a mapping. It reports false for any other node.
func Entries(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// Text returns a scalar as the file has it, without quotes. It reports false for any other node, and for null.
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

// ByteOrderMark is what editors of Windows write at the beginning of a file.
const ByteOrderMark = "\uFEFF"

// SyntaxError returns what the parser found wrong, and the token at which it did; nil if it names none. The message quotes nothing
// of the file but single characters, since it may be shown to those who must not see the file.
func SyntaxError(err error) (message string, at *token.Token) {
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		return withoutQuotation(syntax.GetMessage()), syntax.GetToken()
	}
	return "this is not YAML", nil
}

// withoutQuotation replaces a message that quotes texts of the file, which the parser does in double quotes. They may be passwords.
func withoutQuotation(message string) string {
	switch {
	case strings.HasPrefix(message, "invalid header option"):
		return "a text that begins with | or > must be in quotes"
	case strings.Contains(message, `"`):
		return "this is not YAML; a text with special characters must be in quotes"
	}
	return message
}
