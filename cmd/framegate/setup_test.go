package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"

	"github.com/chromedp/chromedp"
)

// typeInto types texts into the fields of a form, by their names.
func typeInto(t *testing.T, ctx context.Context, texts ...string) {
	t.Helper()
	for i := 0; i < len(texts); i += 2 {
		do(t, ctx, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector('form [name=%s]').select?.(), ''`, texts[i])))
		do(t, ctx, chromedp.SendKeys("form [name="+texts[i]+"]", texts[i+1]))
	}
}

// press clicks a button that has this text, on a page that may be replaced.
func press(t *testing.T, ctx context.Context, text string) {
	t.Helper()
	do(t, ctx, chromedp.Evaluate[string](fmt.Sprintf(`[...document.querySelectorAll('button')].find((b) => b.textContent === %q && b.checkVisibility()).click(), ''`, text)))
}

const (
	formReady = `document.querySelector('#camera')?.elements.url.was !== undefined`
	result    = `(document.querySelector('#result')?.innerText ?? '')`
)

func TestAdminAddsEditsAndDeletesACameraInTheBrowser(t *testing.T) {
	ctx := browser(t)
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360, Username: "ann", Password: "right"})
	path := config(t, "# mine\ncameras: []\n")
	p := start(t, "--config", path)
	do(t, ctx, chromedp.Navigate(p.URL+"/"))
	do(t, ctx, chromedp.Click(`a[href$=setup]`))
	untilPage(t, ctx, "the list of cameras", `document.title.startsWith('Cameras')`)
	keepScreenshot(t, ctx, "setup")
	do(t, ctx, chromedp.Click(`a[href$="setup/add"]`))
	untilPage(t, ctx, "the form", formReady)

	typeInto(t, ctx, "name", "Front <gate>")
	press(t, ctx, "Save")
	untilPage(t, ctx, "the field says that it is needed", textOf("#error-url")+`.includes('needed')`)
	typeInto(t, ctx, "url", "rtsp//x")
	press(t, ctx, "Save")
	untilPage(t, ctx, "the field says what is wrong", textOf("#error-url")+` !== '' && document.activeElement.getAttribute('aria-describedby') === 'error-url'`)
	keepScreenshot(t, ctx, "setup-field")

	typeInto(t, ctx, "url", cameras.URL("cam1"), "username", "ann", "password", "wrong")
	press(t, ctx, "Test")
	untilPage(t, ctx, "the remedy of a wrong password", result+`.includes('401') && `+result+`.includes('Check the user and the password')`)
	keepScreenshot(t, ctx, "setup-wrong")
	typeInto(t, ctx, "password", "right")
	press(t, ctx, "Test")
	untilPage(t, ctx, "the picture", result+`.includes('h264, 640x360') && document.querySelector('#picture').width === 640 && !document.querySelector('#picture').hidden`)
	keepScreenshot(t, ctx, "setup-works")
	press(t, ctx, "Save")
	untilPage(t, ctx, "the list has the camera", `location.pathname === '/setup' && `+textOf("[data-row=front-gate] th")+` === 'Front <gate>'`)
	do(t, ctx, chromedp.Navigate(p.URL+"/"))
	untilPage(t, ctx, "the wall shows it", shown+` === 1`)

	do(t, ctx, chromedp.Navigate(p.URL+"/setup/cameras/front-gate"))
	untilPage(t, ctx, "the form", formReady)
	typeInto(t, ctx, "name", "Gate")
	press(t, ctx, "Test")
	untilPage(t, ctx, "the picture with the known password", result+`.includes('It works')`)
	press(t, ctx, "Save")
	untilPage(t, ctx, "the new name", `location.pathname === '/setup' && `+textOf("[data-row=front-gate] th")+` === 'Gate'`)
	press(t, ctx, "Disable")
	p.until(t, "front-gate", "disabled")
	untilPage(t, ctx, "the page says so", `document.readyState === 'complete' && document.querySelector('[data-disable]').ariaPressed === 'true'`)
	text, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(text), "# mine\n") || !strings.Contains(string(text), "password: right") || !strings.Contains(string(text), "disabled: true") {
		t.Errorf("%v\n%s", err, text)
	}

	const row = `document.querySelector('[data-row=front-gate]') `
	press(t, ctx, "Delete")
	untilPage(t, ctx, "the page asks", `document.querySelector('#confirm').open && `+textOf("#confirm-what")+`.includes('Gate')`)
	keepScreenshot(t, ctx, "setup-delete")
	press(t, ctx, "Keep")
	untilPage(t, ctx, "the camera is kept", `!document.querySelector('#confirm').open && `+row+`!== null`)
	press(t, ctx, "Delete")
	do(t, ctx, chromedp.Click(`#confirm button[value=yes]`))
	untilPage(t, ctx, "the camera is gone", `document.readyState === 'complete' && `+row+`=== null`)
}
