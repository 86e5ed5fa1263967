package node

import (
	"github.com/goccy/go-yaml/token"
)

const (
	// maxTokens limits the time of the parser of goccy/go-yaml v1.19.2, which grows with the square of the tokens: 60,000 took 3.6 s.
	maxTokens = 30_000
	// maxNesting limits its memory: 20,000 opening brackets took 830 MB. Each key and each dash of a list counts.
	maxNesting = 100
)

// TooLarge returns why the parser must not get these tokens, and the first token that is too much. at is nil if it may get them.
func TooLarge(tokens token.Tokens) (message string, at *token.Token) {
	flow := 0         // brackets and braces that are open
	var columns []int // the columns of the keys and dashes around a token, outside brackets, in ascending order
	var run int       // anchors, tags and aliases since the last value began
	for i, t := range tokens {
		if i >= maxTokens {
			return "the file has too many keys and values", t
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow = max(flow-1, 0)
		case token.AnchorType, token.TagType, token.AliasType:
			run++
		case token.SequenceEntryType, token.MappingKeyType:
			columns = nested(columns, t)
		case token.MappingValueType:
			if i > 0 {
				columns = nested(columns, tokens[i-1])
			}
		case token.DocumentHeaderType, token.DocumentEndType:
			columns = columns[:0]
		}
		if flow+len(columns)+run > maxNesting {
			return "the file is nested too deeply", t
		}
		switch t.Type {
		case token.CollectEntryType, token.MappingValueType, token.SequenceEntryType:
			run = 0
		}
	}
	return "", nil
}

// nested returns the columns around a token, and the token's own column.
func nested(columns []int, t *token.Token) []int {
	for len(columns) > 0 && columns[len(columns)-1] >= t.Position.Column {
		columns = columns[:len(columns)-1]
	}
	return append(columns, t.Position.Column)
}
