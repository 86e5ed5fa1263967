package main

import (
	"testing"
)

// otherBrowsers are those besides Chromium. Each opens pages, and runs scripts in the one that is open.
var otherBrowsers = map[string]func(t *testing.T) (open func(url string), run func(script string) string){
	"firefox": func(t *testing.T) (func(string), func(string) string) {
		f := openFirefox(t)
		return func(url string) { f.open(t, url) }, func(script string) string {
			var result struct{ Value string }
			f.do(t, "WebDriver:ExecuteScript", map[string]any{"script": script, "args": []any{}}, &result)
			return result.Value
		}
	},
	"webkit": func(t *testing.T) (func(string), func(string) string) {
		w := openWebKit(t)
		return func(url string) { w.open(t, url) }, func(script string) string {
			value, err := w.script(script)
			if err != nil {
				t.Fatal(err)
			}
			return value
		}
	},
}
