// Package texts has the texts that people see on framegate's pages, in one table for each language.
package texts

import (
	"embed"
	"encoding/json"
	"fmt"
	"html"
	"html/template"
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

//go:embed *.json
var files embed.FS

// Tables are the tables of all languages, English first. Their codes are those of the parameter lang, and the names of their files.
var Tables = []*Table{load("en"), load("zh")}

// English is the language of whoever reads none of the others.
var English = Tables[0]

// Table has the texts of a language by their keys.
type Table struct {
	Code string // such as zh
	// texts are strings, or maps of strings by the category of the language's plural. A name in braces is a placeholder.
	texts map[string]any
}

func load(code string) *Table {
	t := &Table{Code: code}
	text, err := files.ReadFile(code + ".json")
	if err == nil {
		err = json.Unmarshal(text, &t.texts)
	}
	if err != nil {
		panic(fmt.Sprintf("the texts %s: %v", code, err))
	}
	return t
}

// Name is what the language calls itself.
func (t *Table) Name() string { return t.Text("language") }

// Tag is the language tag for HTML.
func (t *Table) Tag() string { return t.Text("language.tag") }

// Text returns a text with its placeholders filled in: values are their names, each with its value. Only scripts use texts with plurals.
// A key without a text, such as that of a state which is new, is returned without what stands before its last dot.
func (t *Table) Text(key string, values ...any) string {
	text, ok := t.texts[key].(string)
	if !ok {
		return key[strings.LastIndexByte(key, '.')+1:]
	}
	return fill(text, values, func(value string) string { return value })
}

// HTML is like Text, for texts with code between backquotes.
func (t *Table) HTML(key string, values ...any) template.HTML {
	text := html.EscapeString(t.Text(key))
	text = codeSpan.ReplaceAllString(text, "<code>$1</code>")
	return template.HTML(fill(text, values, html.EscapeString))
}

var codeSpan = regexp.MustCompile("`([^`]*)`")

// fill fills in the placeholders of a text, once.
func fill(text string, values []any, escape func(string) string) string {
	var pairs []string
	for pair := range slices.Chunk(values, 2) {
		pairs = append(pairs, fmt.Sprintf("{%v}", pair[0]), escape(fmt.Sprint(pair[1:]...)))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// Select returns the texts with some keys, and those whose keys begin with some prefixes, for the scripts of a page.
func (t *Table) Select(keys, prefixes []string) map[string]any {
	selected := map[string]any{}
	for key, text := range t.texts {
		if slices.Contains(keys, key) || slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) }) {
			selected[key] = text
		}
	}
	return selected
}

// refusals is the prefix of sentences with which framegate refuses what people do on pages. All are English where they are made.
const refusals = "refusal."

// Translate returns a sentence that framegate has made in English in the language of the table, as it is if the table has none.
func (t *Table) Translate(sentence string) string {
	for key, text := range English.texts {
		if strings.HasPrefix(key, refusals) && text == sentence {
			return t.Text(key)
		}
	}
	return sentence
}

// Keys returns the keys of all texts, sorted.
func (t *Table) Keys() []string { return slices.Sorted(maps.Keys(t.texts)) }

var matcher = language.NewMatcher(tags())

func tags() (all []language.Tag) {
	for _, t := range Tables {
		all = append(all, language.Make(t.Tag()))
	}
	return all
}

// Match returns the table that suits best. Each preference is a list of languages, as in the header Accept-Language; the first one that
// has a language of the tables decides.
func Match(preferences ...string) *Table {
	_, i := language.MatchStrings(matcher, preferences...)
	return Tables[i]
}
