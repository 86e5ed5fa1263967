package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/framegate/framegate/web/texts"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// colours makes pages light or dark.
func colours(t *testing.T, ctx context.Context, scheme string) {
	t.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	do(t, ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, media)
		return err
	}))
}

// TestPagesAreAccessible lets axe-core look at every page, light and dark, in every language. scripts/install.sh test installs it.
func TestPagesAreAccessible(t *testing.T) {
	axe, err := os.ReadFile("testdata/axe/node_modules/axe-core/axe.min.js")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("SKIPPED: it needs axe-core from npm, which make test installs where npm can be reached")
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range texts.Tables {
		t.Run(table.Code, func(t *testing.T) { pagesAreAccessible(t, string(axe), table) })
	}
}

func pagesAreAccessible(t *testing.T, axe string, table *texts.Table) {
	ctx := browser(t, cams)
	_, wall := withUsers(t)
	look := func(what string) (found string) {
		t.Helper()
		do(t, ctx, chromedp.Evaluate[string](axe+`; window.found = null; axe.run(document, {resultTypes: ['violations']}).then(({ violations }) => {
			window.found = violations.map((v) => v.id + ': ' + v.help + '\n' + v.nodes.map((n) => '  ' + n.html.slice(0, 200) + '\n  ' + n.failureSummary).join('\n')).join('\n');
		}, (error) => { window.found = String(error); }); ''`))
		untilTrue(t, ctx, "axe has looked at "+what, `window.found !== null`)
		return do(t, ctx, chromedp.Evaluate[string](`window.found`))
	}
	check := func(what string) {
		t.Helper()
		if lang := do(t, ctx, chromedp.Evaluate[string](`document.documentElement.lang`)); lang != table.Tag() {
			t.Errorf("%s is in the language %s, want %s", what, lang, table.Tag())
		}
		for _, scheme := range []string{"light", "dark"} {
			colours(t, ctx, scheme)
			if found := look(what); found != "" {
				t.Errorf("%s, %s:\n%s", what, scheme, found)
			}
			keepScreenshot(t, ctx, strings.ReplaceAll(what, " ", "-")+"-"+scheme+"-"+table.Code)
		}
	}
	do(t, ctx, chromedp.Navigate(wall+"sign-in?lang="+table.Code)) // which the browser remembers
	untilPage(t, ctx, "the sign-in page", onSignIn)
	do(t, ctx, chromedp.Evaluate[string](`document.querySelector('main').append(new Image()), ''`))
	if found := look("a picture without a text"); !strings.Contains(found, "image-alt") {
		t.Fatalf("axe finds nothing wrong with a picture without a text: %q", found)
	}
	do(t, ctx, chromedp.Evaluate[string](`document.querySelector('main > img').remove(), ''`))
	check("the sign-in page")
	enter(t, ctx, "ann", "wrong")
	untilPage(t, ctx, "the refusal", onSignIn+` && `+textOf("[role=alert]")+` !== ''`)
	check("the refusal")
	enter(t, ctx, "", "ann's password")
	untilPage(t, ctx, "the wall shows the camera", shown+` === 1`)
	check("the wall")
	do(t, ctx, chromedp.KeyEvent("?"))
	untilTrue(t, ctx, "the keys are listed", `document.querySelector('dialog').open`)
	check("the list of keys")
	do(t, ctx, chromedp.Navigate(wall+"cameras/a"))
	untilPage(t, ctx, "the camera is shown", shown+` === 1 && `+textOf(".events")+` !== ''`)
	check("the page of a camera")
	do(t, ctx, chromedp.Navigate(wall+"embed/a"))
	untilPage(t, ctx, "the picture is shown", `document.querySelector('framegate-camera').shadowRoot.querySelector('img').naturalWidth > 0`)
	check("the embedded page")
	do(t, ctx, chromedp.Navigate(wall+"account"))
	check("the account")
	for _, path := range []string{"setup", "setup/add", "setup/cameras/a", "setup/users", "setup/links", "setup/hardware", "setup/configuration"} {
		do(t, ctx, chromedp.Navigate(wall+path))
		check("the page " + strings.ReplaceAll(path, "/", " "))
	}
}
