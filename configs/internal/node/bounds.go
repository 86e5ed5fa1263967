package node

import (
	"github.com/goccy/go-yaml/token"
)

const (
	// maxTokens bounds the time of the parser of goccy/go-yaml v1.19.2, which grows with the square of the tokens: 60,000 took 3.6 s.
	maxTokens = 30_000
	// maxNesting bounds its memory: 20,000 opening brackets took 830 MB. Each key and each dash of a list counts.
	maxNesting = 100
)

// TooLarge says why the parser must not see these tokens, and at which of them that was found. at is nil if it may.
func TooLarge(tokens token.Tokens) (message string, at *token.Token) {
	flow := 0         // brackets and braces that are open
	var columns []int // of the keys and dashes around a token that are not in brackets, growing
	var run int       // anchors, tags and aliases one after the other
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

// nested returns the columns around a token, and its own.
func nested(columns []int, t *token.Token) []int {
	for len(columns) > 0 && columns[len(columns)-1] >= t.Position.Column {
		columns = columns[:len(columns)-1]
	}
	return append(columns, t.Position.Column)
}
