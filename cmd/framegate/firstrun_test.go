package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"

	"github.com/chromedp/chromedp"
)

var codeForm = regexp.MustCompile(`code=([A-Z2-7-]{19})`)

func TestFirstRunLeadsFromNothingToACameraOnTheWall(t *testing.T) {
	ctx := browser(t)
	cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 360})
	path := filepath.Join(t.TempDir(), "framegate.yaml")
	p := start(t, "--setup", "--config", path)
	code := ""
	camtest.Until(t, "the code is in the log", func() bool {
		found := codeForm.FindStringSubmatch(p.Log())
		if found != nil {
			code = found[1]
		}
		return found != nil
	})
	do(t, ctx, chromedp.Navigate(p.URL+"/cameras/gate"))
	const onForm = `document.readyState === 'complete' && document.querySelector('#code') !== null`
	untilPage(t, ctx, "the form", onForm)
	keepScreenshot(t, ctx, "first-run")
	typeAdmin := func(code string) {
		for field, text := range map[string]string{"code": code, "name": "ann", "password": "ann's password", "again": "ann's password"} {
			do(t, ctx, chromedp.SetValue("#"+field, text))
		}
		press(t, ctx, "Make the admin")
	}
	typeAdmin("AAAA-BBBB-CCCC-DDDD")
	untilPage(t, ctx, "the page says that the code is wrong", onForm+` && `+textOf("[role=alert]")+`.includes('not the code') && document.activeElement.id === 'code'`)
	keepScreenshot(t, ctx, "first-run-wrong")
	if _, err := os.Stat(path); err == nil {
		t.Fatal("a wrong code made the configuration")
	}
	typeAdmin(code)
	untilPage(t, ctx, "the form of the first camera", formReady)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	typeInto(t, ctx, "name", "Gate", "url", cameras.URL("cam1"))
	press(t, ctx, "Test")
	untilPage(t, ctx, "the picture", result+`.includes('h264, 640x360')`)
	press(t, ctx, "Save")
	untilPage(t, ctx, "the list has the camera", `location.pathname === '/setup' && document.querySelector('[data-row=gate]') !== null`)
	do(t, ctx, chromedp.Navigate(p.URL+"/"))
	untilPage(t, ctx, "the wall shows it", shown+` === 1`)
	keepScreenshot(t, ctx, "first-run-wall")
	p.Stop()

	again := start(t, "--setup", "--config", path) // as the systemd unit does
	do(t, ctx, chromedp.Navigate(again.URL+"/"))
	untilPage(t, ctx, "the configuration is served", onSignIn)
	if codeForm.MatchString(again.Log()) {
		t.Error("there is a configuration, and a code all the same")
	}
}
