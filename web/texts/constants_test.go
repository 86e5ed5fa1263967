package texts

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestEachValueThatThePagesNameHasAText reads the constants where they are declared, so that a new one without a text fails.
func TestEachValueThatThePagesNameHasAText(t *testing.T) {
	for _, c := range []struct {
		folder, typeName, prefix string
		without                  []string // values that no page shows
	}{
		{"../../registry", "State", "state.", nil},
		{"../../pipeline/frame", "Reason", "reason.", nil},
		{"../auth", "Kind", "account.by.", []string{"nobody"}}, // who has no account page
	} {
		values := constants(t, c.folder, c.typeName)
		if len(values) < 3 {
			t.Errorf("%s has only the values %q in %s", c.typeName, values, c.folder)
		}
		for _, value := range values {
			if _, ok := English.texts[c.prefix+value]; !ok && !slices.Contains(c.without, value) {
				t.Errorf("there is no text %s%s for the %s of %s", c.prefix, value, c.typeName, c.folder)
			}
		}
	}
}

// constants are the values of the constants of a string type that is declared in a folder.
func constants(t *testing.T, folder, typeName string) (values []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, entry.Name()), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if of, ok := spec.Type.(*ast.Ident); !ok || of.Name != typeName {
				return true
			}
			for _, value := range spec.Values {
				if literal, ok := value.(*ast.BasicLit); ok {
					text, err := strconv.Unquote(literal.Value)
					if err != nil {
						t.Fatal(err)
					}
					values = append(values, text)
				}
			}
			return true
		})
	}
	return values
}
