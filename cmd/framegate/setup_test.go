package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/onvif/onviftest"
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
	untilPage(t, ctx, "the page says so", `document.readyState === 'complete' && document.querySelector('[data-enable]') !== null`)
	text, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(text), "# mine\n") || !strings.Contains(string(text), "password: right") || !strings.Contains(string(text), "disabled: true") {
		t.Errorf("%v\n%s", err, text)
	}

	const row = `document.querySelector('[data-row=front-gate]') `
	press(t, ctx, "Delete")
	untilPage(t, ctx, "the page asks", `document.querySelector('#confirm').open && `+textOf("#confirm-what")+`.includes('Gate')`)
	keepScreenshot(t, ctx, "setup-delete")
	press(t, ctx, "Keep")
	untilPage(t, ctx, "the camera is kept", `!document.querySelector('#confirm').open && document.querySelector('[data-delete]').ariaBusy !== 'true' && `+row+`!== null`)
	press(t, ctx, "Delete")
	untilPage(t, ctx, "the page asks again", `document.querySelector('#confirm').open`)
	do(t, ctx, chromedp.Evaluate[string](`document.querySelector('#confirm button[value=yes]').click(), ''`))
	untilPage(t, ctx, "the camera is gone", `document.readyState === 'complete' && `+row+`=== null`)
}

func TestMaskIsDrawnOnThePicture(t *testing.T) {
	ctx := browser(t)
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360})
	path := config(t, fmt.Sprintf("cameras:\n  - id: gate\n    url: %s\n    masks: [{x: 0, y: 0.9, width: 1, height: 0.1}]\n", cameras.URL("cam1")))
	p := start(t, "--config", path)
	do(t, ctx, chromedp.Navigate(p.URL+"/setup/cameras/gate"))
	untilPage(t, ctx, "the form with the mask of the file", formReady+` && document.querySelectorAll('.mask').length === 1 && document.querySelector('[data-side=y]').value === '0.9'`)
	do(t, ctx, chromedp.Evaluate[string](`document.querySelector('[name="overlay.time"]').click(), ''`))
	press(t, ctx, "Test")
	untilPage(t, ctx, "the picture", result+`.includes('It works') && document.querySelector('#picture').picture !== undefined`)
	do(t, ctx, chromedp.Evaluate[string](`(() => {
		const canvas = document.querySelector('#picture');
		canvas.scrollIntoView();
		const at = canvas.getBoundingClientRect();
		canvas.setPointerCapture = () => {};
		for (const [type, x, y] of [['pointerdown', 0.25, 0.5], ['pointermove', 0.4, 0.6], ['pointerup', 0.5, 0.75]]) {
			canvas.dispatchEvent(new PointerEvent(type, { clientX: at.left + x * at.width, clientY: at.top + y * at.height, bubbles: true }));
		}
		return '';
	})()`))
	untilPage(t, ctx, "the mask has fields", `document.querySelectorAll('.mask').length === 2`)
	keepScreenshot(t, ctx, "setup-mask")
	press(t, ctx, "Save")
	untilPage(t, ctx, "it is saved", `location.pathname === '/setup'`)
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), "time: true") {
		t.Errorf("%v\n%s", err, text)
	}
	loaded, err := configs.Load(path)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	masks := loaded.Cameras[0].Masks
	near := func(a, b float64) bool { return math.Abs(a-b) < 0.01 }
	if len(masks) != 2 || masks[0].Y != 0.9 || !near(masks[1].X, 0.25) || !near(masks[1].Y, 0.5) || !near(masks[1].Width, 0.25) || !near(masks[1].Height, 0.25) {
		t.Errorf("%+v\n%s", masks, text)
	}
}

func TestUsersAndLinksAreMadeInTheBrowser(t *testing.T) {
	ctx := browser(t)
	p := start(t, "--config", config(t, "cameras: [{id: ball, url: 'test://ball?width=320&height=180&fps=5'}]\n"))
	do(t, ctx, chromedp.Navigate(p.URL+"/setup/links"))
	untilPage(t, ctx, "the page of links", `document.querySelector('form[data-send]') !== null`)
	press(t, ctx, "Make")
	untilPage(t, ctx, "the link", textOf("#made")+`.includes('/cameras/ball/stream?')`)
	do(t, ctx, chromedp.Navigate(p.URL+"/setup/users"))
	untilPage(t, ctx, "the page of users", `document.querySelector('#new-user') !== null`)
	typeInto(t, ctx, "name", "ann", "password", "ann's password")
	press(t, ctx, "Add")
	untilPage(t, ctx, "the role says that an admin comes first", textOf("#error-role")+`.includes('admin')`)
	do(t, ctx, chromedp.SetValue("#new-user [name=role]", "admin"))
	press(t, ctx, "Add")
	untilPage(t, ctx, "everybody signs in now", onSignIn)
	enter(t, ctx, "ann", "ann's password")
	untilPage(t, ctx, "the admin is there", `location.pathname === '/setup/users' && `+textOf("form[aria-label='The user ann'] h3")+` === 'ann'`)
	keepScreenshot(t, ctx, "setup-users")
}

func TestListOfTheSetUpFollowsTheCameras(t *testing.T) {
	ctx := browser(t)
	p := start(t, "--config", config(t, "cameras: [{id: a, url: 'test://ball?fps=5'}, {id: b, url: 'test://ball?fps=5'}]\n"))
	p.until(t, "a", "ready")
	do(t, ctx, chromedp.Navigate(p.URL+"/setup"))
	state := func(id string) string { return textOf("[data-row=" + id + "] td") }
	untilPage(t, ctx, "the list", state("a")+` === 'ready' && `+state("b")+` === 'ready'`)
	do(t, ctx, chromedp.Evaluate[string](`window.same = true, document.querySelector('[data-disable=b]').focus(), ''`))
	p.mustChange(t, "PATCH", "/a", `{"url": "rtsp://127.0.0.1:1/x"}`)
	untilTrue(t, ctx, "a camera that is lost says why, and the focus stays", `same && `+state("a")+`.startsWith('lost: ') && `+state("a")+`.includes('refused') && document.activeElement.dataset.disable === 'b'`)
	p.mustChange(t, "PUT", "/c", `{"name": "New", "url": "test://ball"}`)
	untilTrue(t, ctx, "a new camera is in the list", `same && `+textOf("[data-row=c] th")+` === 'New'`)
	do(t, ctx, chromedp.Click(`[data-row=c] [data-delete]`))
	untilTrue(t, ctx, "its buttons work", `document.querySelector('#confirm').open`)
	do(t, ctx, chromedp.Evaluate[string](`document.querySelector('#confirm [value=no]').click(), ''`))
	p.mustChange(t, "PATCH", "/b", `{"disabled": true}`)
	untilTrue(t, ctx, "a camera that is disabled has the other button", `same && document.querySelector('[data-enable=b]') !== null`)
	p.mustChange(t, "DELETE", "/b", "")
	untilTrue(t, ctx, "a camera that is deleted is gone", `same && document.querySelector('[data-row=b]') === null`)
	p.Stop()
	untilTrue(t, ctx, "the page says that it gets no answer", `same && document.querySelector('#lost').checkVisibility()`)
}

func TestWallWithoutCamerasLeadsAnAdminToTheForm(t *testing.T) {
	ctx := browser(t)
	p := start(t, "--config", config(t, "cameras: []\n"))
	do(t, ctx, chromedp.Navigate(p.URL+"/"))
	do(t, ctx, chromedp.Click(`.empty a`))
	untilPage(t, ctx, "the form", formReady)
}

// TestSetUpAsksACameraForItsStreams which it has found: the test says so in its place, since it must not ask the network.
func TestSetUpAsksACameraForItsStreams(t *testing.T) {
	ctx := browser(t)
	camera := onviftest.Start(t, "ann", "right")
	p := start(t, "--config", config(t, "cameras: []\n"))
	do(t, ctx, chromedp.Navigate(p.URL+"/setup/add"))
	untilPage(t, ctx, "the form", formReady)
	do(t, ctx, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector('#camera').service = %q, document.querySelector('#streams').hidden = false, ''`, camera.Service)))
	typeInto(t, ctx, "username", "ann", "password", "wrong")
	press(t, ctx, "Ask the camera for its streams")
	untilPage(t, ctx, "the refusal", textOf("#refusal")+`.includes('refuses the user or the password')`)
	typeInto(t, ctx, "password", "right")
	press(t, ctx, "Ask the camera for its streams")
	untilPage(t, ctx, "the URLs", `document.querySelector('[name=url]').value === 'rtsp://127.0.0.1:8554/high?a=1&b=2' && document.querySelector('[name=substream]').value === 'rtsp://127.0.0.1:8554/low?a=1&b=2'`)
	keepScreenshot(t, ctx, "setup-streams")
}
