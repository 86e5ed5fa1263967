package web

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/web/texts"

	"golang.org/x/net/html"
)

func TestPageIsInTheLanguageOfItsRequest(t *testing.T) {
	url := serve(t)
	const english, chinese = `<html lang="en"`, `<html lang="zh-Hans"`
	for _, c := range []struct{ query, cookie, accept, want string }{
		{"", "", "", english},
		{"", "", "zh-CN,zh;q=0.9,en;q=0.8", chinese},
		{"", "", "de, fr;q=0.5", english},
		{"?lang=zh", "", "en", chinese},
		{"?lang=en", "zh", "zh", english},
		{"", "zh", "en", chinese},
		{"?lang=xx", "zh", "en", chinese},
		{"?lang=xx", "", "", english},
	} {
		for _, path := range []string{"/", "/cameras/gate", "/embed/gate", "/account", "/setup", "/setup/add", "/setup/users", "/setup/links"} {
			resp, body := send(t, http.MethodGet, url+path+c.query, "", map[string]string{"Accept-Language": c.accept, "Cookie": languageCookie + "=" + c.cookie})
			if resp.StatusCode != http.StatusOK || !strings.Contains(body, c.want) || !slices.Contains(resp.Header.Values("Vary"), "Accept-Language, Cookie") {
				t.Errorf("%s %+v: %d, Vary: %q\n%.100s", path, c, resp.StatusCode, resp.Header.Values("Vary"), body)
			}
		}
	}
	_, body := get(t, url+"/?lang=zh")
	for _, text := range []string{"监控墙布局", `href="?lang=en"`, ">English<", `"state.live":"实时播放"`} {
		if !strings.Contains(string(body), text) {
			t.Errorf("%s is missing", text)
		}
	}
	if strings.Contains(string(body), "Full screen") {
		t.Error("a part of the page is English")
	}
}

func TestBrowserRemembersTheChosenLanguage(t *testing.T) {
	const page, script = "text/html,*/*", "*/*"
	url := serve(t)
	for _, c := range []struct{ path, accept, want string }{
		{"/?lang=zh", page, "zh"},
		{"/cameras/gate?lang=en", page, "en"},
		{"/", page, ""},
		{"/?lang=zh", script, ""},         // which takes in what has changed of a page
		{"/embed/gate?lang=zh", page, ""}, // a page of others has chosen that one
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", c.accept)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		kept := ""
		for _, cookie := range resp.Cookies() {
			if cookie.Name == languageCookie {
				kept = cookie.Value
			}
		}
		if kept != c.want {
			t.Errorf("%+v: the cookie is %q", c, kept)
		}
	}
}

func TestLinkToAnotherLanguageKeepsTheQuery(t *testing.T) {
	_, body := get(t, serve(t)+"/?layout=large&lang=zh")
	if !strings.Contains(string(body), `href="?lang=en&amp;layout=large"`) {
		t.Errorf("the link is missing in %s", body)
	}
}

func TestRefusalOfASignInIsInTheLanguageOfThePage(t *testing.T) {
	for sentence, want := range map[string]string{"Wrong name or password.": "用户名或密码错误。", "Something new.": "Something new."} {
		if got := texts.Match("zh").Translate(sentence); got != want {
			t.Errorf("%s: %s", sentence, got)
		}
	}
}

func TestCropIsDescribedAsWhereItIsParsed(t *testing.T) {
	if got := texts.English.Text("parameter.crop"); got != frame.CropLimits {
		t.Errorf("the table says %q, want %q", got, frame.CropLimits)
	}
}

// sources returns the texts of files below the package, by their names.
func sources(t *testing.T, folder, pattern string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		matches, _ := filepath.Match(pattern, entry.Name())
		if err != nil || !matches || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		all[path] = string(text)
		return err
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("%s in %s: %d files, %v", pattern, folder, len(all), err)
	}
	return all
}

// The uses of texts: whole keys, and the beginnings of those that values complete.
var (
	keyInPage    = regexp.MustCompile(`\b(?:t|markup) "([^"]+)"`)
	prefixInPage = regexp.MustCompile(`\bt \(print "([^"]+)"`)
	keyInGo      = regexp.MustCompile(`\.Text\("([^"]+)"[,)]`)
	prefixInGo   = regexp.MustCompile(`\.Text\("([^"]+)" ?\+`)
)

func TestEveryTextExistsAndIsUsed(t *testing.T) {
	var keys, prefixes []string
	find := func(text string, key, prefix *regexp.Regexp) {
		for _, found := range key.FindAllStringSubmatch(text, -1) {
			keys = append(keys, found[1])
		}
		for _, found := range prefix.FindAllStringSubmatch(text, -1) {
			prefixes = append(prefixes, found[1])
		}
	}
	for _, page := range sources(t, "pages", "*.html") {
		find(page, keyInPage, prefixInPage)
	}
	var program strings.Builder
	for _, file := range sources(t, ".", "*.go") {
		find(file, keyInGo, prefixInGo)
		program.WriteString(file)
	}
	for _, use := range needed {
		keys, prefixes = append(keys, use.keys...), append(prefixes, use.prefixes...)
	}
	known := texts.English.Keys()
	for _, key := range keys {
		if !slices.Contains(known, key) {
			t.Errorf("there is no text %s", key)
		}
	}
	for _, prefix := range prefixes {
		if !slices.ContainsFunc(known, func(key string) bool { return strings.HasPrefix(key, prefix) }) {
			t.Errorf("there is no text whose key begins with %s", prefix)
		}
	}
	for _, key := range known {
		used := slices.Contains(keys, key) || slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
		if strings.HasPrefix(key, "refusal.") {
			sentence := strings.TrimSuffix(texts.English.Text(key), ".")
			used = strings.Contains(program.String(), strings.ToLower(sentence[:1])+sentence[1:])
		}
		if !used {
			t.Errorf("nothing uses the text %s", key)
		}
	}
}

// shownAttributes are those whose values people see or hear.
var shownAttributes = []string{"aria-label", "title", "placeholder", "alt"}

// sameInAllLanguages are texts that need no table: a name, examples, an address, and attributes that are a template of their own.
var sameInAllLanguages = []string{
	"framegate", "rtsp://192.0.2.10/stream", "gate, yard-*", "/cameras//snapshot.jpg", `aria-invalid="true" aria-describedby="refusal" autofocus`,
}

func TestPagesHaveNoTextsOfTheirOwn(t *testing.T) {
	unseen := regexp.MustCompile(`\{\{.*?\}\}|</?noscript>`) // the tokenizer takes what is in a noscript for text
	check := func(name, text string) {
		for _, same := range sameInAllLanguages {
			text = strings.ReplaceAll(text, same, "")
		}
		if strings.ContainsFunc(text, unicode.IsLetter) {
			t.Errorf("%s has the text %q", name, strings.TrimSpace(text))
		}
	}
	for name, page := range sources(t, "pages", "*.html") {
		tokens, code := html.NewTokenizer(strings.NewReader(unseen.ReplaceAllString(page, ""))), ""
		for kind := tokens.Next(); kind != html.ErrorToken; kind = tokens.Next() {
			token := tokens.Token()
			switch isCode := slices.Contains([]string{"code", "pre", "kbd", "script"}, token.Data); {
			case kind == html.TextToken && code == "":
				check(name, token.Data)
			case kind == html.StartTagToken && isCode && code == "":
				code = token.Data
			case kind == html.EndTagToken && token.Data == code:
				code = ""
			}
			for _, attribute := range token.Attr {
				if slices.Contains(shownAttributes, attribute.Key) {
					check(name, attribute.Val)
				}
			}
		}
	}
}

func TestScriptsHaveNoTextsOfTheirOwn(t *testing.T) {
	comment := regexp.MustCompile(`(?m)(^|\s)//.*$|/\*.*?\*/`)
	shown := regexp.MustCompile("\\b(textContent|title|ariaLabel|placeholder|alt|innerText)\\s*[=:]\\s*['\"`][^'\"`]*[A-Za-z]")
	literal := regexp.MustCompile("'[^'\n]*'|`[^`]*`")
	value := regexp.MustCompile(`\$\{[^}]*\}`)
	words := regexp.MustCompile(`[A-Za-z]{2,} [a-z]{2,}`)
	for name, script := range sources(t, "static", "*.js") {
		script = comment.ReplaceAllString(script, "")
		for _, found := range shown.FindAllString(value.ReplaceAllString(script, ""), -1) {
			t.Errorf("%s: %s", name, found)
		}
		for _, found := range literal.FindAllString(script, -1) {
			inner := value.ReplaceAllString(found[1:len(found)-1], "")
			isCode := inner == "use strict" || inner == "refusal field" || strings.HasPrefix(inner, ":host") || strings.IndexAny(inner, ".#[") == 0 || strings.Contains(inner, "sans-serif")
			if !isCode && words.MatchString(inner) {
				t.Errorf("%s: %s", name, found)
			}
		}
	}
}

func TestScriptsAndStylesAreSmall(t *testing.T) {
	const limit = 70_000 // bytes of all, as they are served
	sum, each := 0, []string{}
	for name, asset := range assets {
		sum += len(asset.body)
		each = append(each, fmt.Sprintf("%s %d", name, len(asset.body)))
	}
	slices.Sort(each)
	t.Logf("%d bytes: %s", sum, strings.Join(each, ", "))
	if sum >= limit {
		t.Errorf("scripts and styles have %d bytes, the limit is %d", sum, limit)
	}
}

func TestScriptThatHasNotChangedIsNotSentAgain(t *testing.T) {
	url := serve(t) + "/static/tile.js"
	resp, body := get(t, url)
	if kind := resp.Header.Get("Content-Type"); !strings.Contains(kind, "javascript") || len(body) == 0 {
		t.Errorf("%s with %d bytes", kind, len(body))
	}
	if resp, _ := send(t, http.MethodGet, url, "", map[string]string{"If-None-Match": resp.Header.Get("ETag")}); resp.StatusCode != http.StatusNotModified {
		t.Errorf("%s", resp.Status)
	}
}
