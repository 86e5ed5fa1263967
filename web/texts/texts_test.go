package texts

import (
	"maps"
	"regexp"
	"slices"
	"testing"
)

var placeholder = regexp.MustCompile(`\{\w*\}`)

// forms are the forms of a text by the category of plural, that of a text without plurals being other.
func forms(t *testing.T, text any) map[string]string {
	t.Helper()
	all := map[string]string{}
	switch text := text.(type) {
	case string:
		all["other"] = text
	case map[string]any:
		for category, form := range text {
			all[category], _ = form.(string)
		}
	default:
		t.Errorf("%v is neither a text nor the forms of one", text)
	}
	return all
}

// named are the placeholders and the code in all forms of a text, sorted.
func named(t *testing.T, text any) (names []string) {
	t.Helper()
	for _, form := range forms(t, text) {
		names = append(names, placeholder.FindAllString(form, -1)...)
		names = append(names, codeSpan.FindAllString(form, -1)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestLanguagesHaveTheSameKeysAndPlaceholders(t *testing.T) {
	for _, table := range Tables[1:] {
		if ours, theirs := table.Keys(), English.Keys(); !slices.Equal(ours, theirs) {
			for _, key := range theirs {
				if !slices.Contains(ours, key) {
					t.Errorf("%s has no %s", table.Code, key)
				}
			}
			for _, key := range ours {
				if !slices.Contains(theirs, key) {
					t.Errorf("only %s has %s", table.Code, key)
				}
			}
		}
		for _, key := range table.Keys() {
			if key == "fault" { // the error is English and says the reason already
				continue
			}
			if ours, theirs := named(t, table.texts[key]), named(t, English.texts[key]); !slices.Equal(ours, theirs) {
				t.Errorf("%s of %s has %q, in English %q", key, table.Code, ours, theirs)
			}
		}
	}
}

// TestPluralsHaveTheFormsOfTheirLanguage as Unicode's CLDR has them for whole numbers.
func TestPluralsHaveTheFormsOfTheirLanguage(t *testing.T) {
	categories := map[string][]string{"en": {"one", "other"}, "zh": {"other"}}
	for _, table := range Tables {
		for key, text := range table.texts {
			if _, plural := text.(map[string]any); !plural {
				if text == "" {
					t.Errorf("%s of %s is empty", key, table.Code)
				}
				continue
			}
			if got := slices.Sorted(maps.Keys(forms(t, text))); !slices.Equal(got, categories[table.Code]) {
				t.Errorf("%s of %s has the forms %q, want %q", key, table.Code, got, categories[table.Code])
			}
		}
	}
}

func TestPlaceholdersAreFilledInOnce(t *testing.T) {
	if got := English.Text("tile.changed", "camera", "{state} <b>", "state", "live"); got != "{state} <b>: live" {
		t.Error(got)
	}
	const want = "The configuration cannot be changed from here: <code>framegate user add &lt;`b`&gt;</code> on framegate&#39;s machine changes the password."
	if got := English.HTML("account.fixed", "name", "<`b`>"); string(got) != want {
		t.Error(got)
	}
	if got := English.Text("state.none"); got != "none" {
		t.Errorf("the text of a new state is %q", got)
	}
}

func TestFirstPreferenceWithALanguageDecides(t *testing.T) {
	for _, c := range []struct {
		preferences []string
		want        string
	}{
		{nil, "en"},
		{[]string{"", "", ""}, "en"},
		{[]string{"", "", "zh-CN,zh;q=0.9,en;q=0.8"}, "zh"},
		{[]string{"", "", "zh-TW"}, "zh"},
		{[]string{"", "", "en-GB,zh;q=0.5"}, "en"},
		{[]string{"", "", "fr,de;q=0.9"}, "en"},
		{[]string{"", "", "fr,zh;q=0.1"}, "zh"},
		{[]string{"", "zh", "en"}, "zh"},
		{[]string{"en", "zh", "zh"}, "en"},
		{[]string{"xx", "<b>", "zh"}, "zh"},
	} {
		if got := Match(c.preferences...).Code; got != c.want {
			t.Errorf("%q: %s, want %s", c.preferences, got, c.want)
		}
	}
}
