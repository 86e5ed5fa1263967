package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"

	"github.com/alexedwards/argon2id"
	"github.com/chromedp/chromedp"
)

// withUsers serves the camera a for the users ann, an admin, and bob. It returns the URL of the wall under a name for which browsers do
// not say what a request is for, as they do for 127.0.0.1: over HTTP, any other machine is such a name.
func withUsers(t *testing.T) (serving, string) {
	t.Helper()
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360})
	text := "auth:\n  users:\n"
	for _, user := range [][2]string{{"ann", "admin"}, {"bob", "viewer"}} {
		hash, err := argon2id.CreateHash(user[0]+"'s password", argon2id.DefaultParams)
		if err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintf("    - {name: %s, role: %s, password_hash: '%s'}\n", user[0], user[1], hash)
	}
	p := start(t, "--config", config(t, text+fmt.Sprintf("cameras: [{id: a, url: %q}]\n", cameras.URL("cam1"))))
	at, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	return p, "http://cams:" + at.Port() + "/"
}

// cams is the switch of Chromium that makes the name cams mean this machine.
var cams = chromedp.Flag("host-resolver-rules", "MAP cams 127.0.0.1")

// enter fills in the form of the sign-in page and sends it by the keyboard.
func enter(t *testing.T, ctx context.Context, name, password string) {
	t.Helper()
	if name != "" {
		do(t, ctx, chromedp.SendKeys("#name", name))
	}
	do(t, ctx, chromedp.SendKeys("#password", password+"\r"))
}

// keepScreenshot keeps a picture of the page in the folder that the variable SCREENSHOTS names, to be looked at.
func keepScreenshot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), do(t, ctx, chromedp.CaptureScreenshot()), 0o600); err != nil {
		t.Fatal(err)
	}
}

const onSignIn = `location.pathname === '/sign-in' && document.readyState === 'complete'`

func TestPersonSignsInAndOut(t *testing.T) {
	ctx := browser(t, cams)
	_, wall := withUsers(t)
	do(t, ctx, chromedp.Navigate(wall+"cameras/a"))
	untilPage(t, ctx, "the browser is sent to the sign-in page", onSignIn+` && document.activeElement.id === 'name'`)
	keepScreenshot(t, ctx, "sign-in")
	enter(t, ctx, "bob", "wrong")
	untilPage(t, ctx, "the page says that the password is wrong",
		onSignIn+` && `+textOf("[role=alert]")+`.includes('rong') && document.activeElement.id === 'password' && document.querySelector('#name').value === 'bob'`)
	keepScreenshot(t, ctx, "wrong")
	enter(t, ctx, "", "bob's password")
	untilPage(t, ctx, "the camera's page shows it", `location.pathname === '/cameras/a' && `+shown+` === 1 && `+textOf("[data-fact=source]")+` !== ''`)
	if cookies := do(t, ctx, chromedp.Evaluate[string](`document.cookie`)); cookies != "" {
		t.Errorf("scripts read the cookie %s", cookies)
	}
	keepScreenshot(t, ctx, "camera")
	do(t, ctx, chromedp.Navigate(wall))
	untilPage(t, ctx, "a viewer's wall shows the camera", shown+` === 1 && `+textOf("[data-camera=a] .state")+` === 'live'`)
	keepScreenshot(t, ctx, "wall")
	do(t, ctx, chromedp.Click("nav form button"))
	untilPage(t, ctx, "the browser has signed out", onSignIn)
	do(t, ctx, chromedp.Navigate(wall))
	untilPage(t, ctx, "the wall is closed", onSignIn)
}

func TestOpenWallGoesToSignInWhenItsSessionIsEndedElsewhere(t *testing.T) {
	ctx := browser(t, cams)
	_, wall := withUsers(t)
	do(t, ctx, chromedp.Navigate(wall+"?x=1"))
	enter(t, ctx, "ann", "ann's password")
	untilPage(t, ctx, "the wall shows the camera", shown+` === 1 && `+textOf("[data-camera=a] .state")+` === 'live'`)
	elsewhere := privateTab(t, ctx)
	do(t, elsewhere, chromedp.Navigate(wall+"account"))
	enter(t, elsewhere, "ann", "ann's password")
	untilPage(t, elsewhere, "the account page lists both sessions", `document.querySelectorAll('.sessions tbody tr').length === 2`)
	keepScreenshot(t, elsewhere, "account")
	if text := do(t, elsewhere, chromedp.Text(".sessions")); !strings.Contains(text, "Chrome on Linux") || !strings.Contains(text, "127.0.0.1") {
		t.Errorf("the page says %s", text)
	}
	do(t, elsewhere, chromedp.Evaluate[string](`[...document.querySelectorAll('.sessions tbody tr')].find((r) => !r.textContent.includes('this browser')).querySelector('button').click(), ''`))
	untilPage(t, elsewhere, "one session is left", `document.querySelectorAll('.sessions tbody tr').length === 1`)
	untilPage(t, ctx, "the open wall has gone to the sign-in page", onSignIn+` && new URLSearchParams(location.search).get('next') === '/?x=1'`)
}

func TestPersonChangesThePassword(t *testing.T) {
	ctx := browser(t, cams)
	_, wall := withUsers(t)
	do(t, ctx, chromedp.Navigate(wall+"account"))
	enter(t, ctx, "bob", "bob's password")
	change := func(old string) {
		untilPage(t, ctx, "the account page has the form", `location.pathname.startsWith('/account') && document.readyState === 'complete' && !!document.querySelector('#old')`)
		do(t, ctx, chromedp.SendKeys("#old", old))
		do(t, ctx, chromedp.SendKeys("#new", "purple password"))
		do(t, ctx, chromedp.SendKeys("#again", "purple password\r"))
	}
	change("bob's passwords")
	untilPage(t, ctx, "the page says that the old password is wrong", textOf("[role=alert]")+`.includes('old password is wrong') && document.activeElement.id === 'old'`)
	keepScreenshot(t, ctx, "password-wrong")
	change("bob's password")
	untilPage(t, ctx, "the password is changed", `location.pathname === '/account' && !!document.querySelector('#changed')`)
	keepScreenshot(t, ctx, "password-changed")
	do(t, ctx, chromedp.Click("nav form button"))
	untilPage(t, ctx, "the browser has signed out", onSignIn)
	enter(t, ctx, "bob", "purple password")
	untilPage(t, ctx, "the wall shows the camera", shown+` === 1`)
}

// privateTab opens a tab that has no cookies of the others.
func privateTab(t *testing.T, ctx context.Context) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	return ctx
}

// untilPage waits like untilTrue, but the browser may go to another page meanwhile.
func untilPage(t *testing.T, ctx context.Context, what, expression string) {
	t.Helper()
	camtest.Until(t, what, func() bool {
		is, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
		if ctx.Err() != nil {
			t.Fatal(err)
		}
		return err == nil && is
	})
}
