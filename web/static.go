package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/framegate/framegate/web/texts"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
	"github.com/tdewolff/minify/v2/js"
)

//go:embed static
var staticFiles embed.FS

// asset is a script or a style as it is served.
type asset struct {
	body []byte
	etag string
}

// kinds are the media types of assets.
var kinds = map[string]string{".css": "text/css", ".js": "text/javascript"}

// assets are the scripts and styles of the pages by their paths, without their comments and spaces.
var assets = func() map[string]asset {
	m := minify.New()
	m.Add(kinds[".css"], &css.Minifier{})
	m.Add(kinds[".js"], &js.Minifier{KeepVarNames: true}) // scripts of a page share their names
	all := map[string]asset{}
	err := fs.WalkDir(staticFiles, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		source, err := staticFiles.ReadFile(name)
		if err != nil {
			return err
		}
		body, err := m.Bytes(kinds[path.Ext(name)], withTexts(name, source))
		sum := sha256.Sum256(body)
		all["/"+name] = asset{body, `"` + hex.EncodeToString(sum[:8]) + `"`}
		return err
	})
	if err != nil {
		panic(err)
	}
	return all
}()

// contentTypes are those of the assets, whatever the system says: a script for pages of others has texts in UTF-8.
var contentTypes = map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}

// static serves the scripts and styles of the pages.
func static(w http.ResponseWriter, r *http.Request) {
	found, ok := assets[r.URL.Path]
	if !ok {
		problem{Status: http.StatusNotFound, Detail: "there is nothing at this path"}.write(w)
		return
	}
	w.Header().Set("Content-Type", contentTypes[path.Ext(r.URL.Path)])
	w.Header().Set("Cache-Control", "max-age=3600")
	w.Header().Set("ETag", found.etag)
	http.ServeContent(w, r, path.Base(r.URL.Path), time.Time{}, bytes.NewReader(found.body))
}

// placeForTexts is where a script for pages of others gets the texts that it needs in all languages.
const placeForTexts = "{ /* the texts */ }"

func withTexts(name string, source []byte) []byte {
	in := map[string]any{}
	for _, table := range texts.Tables {
		in[table.Code] = textsOf(table, strings.TrimSuffix(path.Base(name), ".js"))
	}
	text, err := json.Marshal(in)
	if err != nil {
		panic(err)
	}
	return bytes.Replace(source, []byte(placeForTexts), text, 1)
}

// usedText finds the use of a text in a script: its key in quotes, or the beginning of one that is completed by a value.
var usedText = regexp.MustCompile("\\bt\\((?:'([a-z._-]+)'|`([a-z._-]+)\\$\\{)")

// neededTexts are the texts that a script uses: their keys, and the prefixes of those whose ends it makes.
type neededTexts struct{ keys, prefixes []string }

// needed are the texts of all scripts, by their names without .js.
var needed = func() map[string]neededTexts {
	all := map[string]neededTexts{}
	scripts, err := fs.Glob(staticFiles, "static/*.js")
	for _, name := range scripts {
		var source []byte
		if source, err = staticFiles.ReadFile(name); err != nil {
			break
		}
		var use neededTexts
		for _, found := range usedText.FindAllSubmatch(source, -1) {
			if found[1] != nil {
				use.keys = append(use.keys, string(found[1]))
			} else {
				use.prefixes = append(use.prefixes, string(found[2]))
			}
		}
		all[strings.TrimSuffix(path.Base(name), ".js")] = use
	}
	if err != nil {
		panic(err)
	}
	return all
}()

// textsOf returns the texts of a language that scripts use.
func textsOf(table *texts.Table, scripts ...string) map[string]any {
	selected := map[string]any{}
	for _, script := range scripts {
		maps.Copy(selected, table.Select(needed[script].keys, needed[script].prefixes))
	}
	return selected
}
