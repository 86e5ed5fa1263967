package feed

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
)

// TestWhatExplainsThePicturesIsSaid has sources of which a person may wonder about the pictures. The next report is a row.
func TestWhatExplainsThePicturesIsSaid(t *testing.T) {
	camera := camtest.Start(t, tiny)
	camtest.Do(t, camera, "cam1", testcam.Corrupt, testcam.Options{Kind: testcam.Lose, Rate: 0.5})
	one, other := encodeJPEG(t, 64, 48), encodeJPEG(t, 64, 32)
	inTurn := func(answers ...string) string {
		return serveRaw(t, func(n int) (string, bool) { return answers[n%len(answers)], false }) + "/x"
	}
	single := func(data []byte) string { return answered("200 OK", "image/jpeg", string(data)) }
	kind := func(name string) string {
		data, err := os.ReadFile("../jpeg/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return inTurn(single(data))
	}
	for name, c := range map[string]struct{ url, want string }{
		"packets are lost":         {camera.URL("cam1"), "packets are missing"},
		"a still is cut off":       {inTurn(single(one), single(one[:len(one)-9])), "JPEGs are cut off"},
		"a part is cut off":        {writeFile(t, "a.mjpeg", []byte(multipartBody(1)), []byte(multipartBody(1)[:300])), "JPEGs are cut off"},
		"the size changes":         {inTurn(single(one), single(other)), "the size or kind of the JPEGs changes"},
		"a busy camera":            {inTurn(single(one), answered("503 Service Unavailable", "text/plain", "")), "an answer without a picture: 503"},
		"a stream that ends":       {serveRaw(t, func(int) (string, bool) { return multipartAnswer(2), true }) + "/x", "the stream ends by itself"},
		"a file without a rate":    {writeFile(t, "a.mjpeg", one, one), "the file states no rate, so 25 pictures"},
		"a file that is turned":    {testFile(t, "rotated.mp4"), "how its pictures are to be turned"},
		"JPEGs without end marker": {inTurn(single(one[:len(one)-2])), "no end marker, which is added"},
		"JPEGs of 4:1:1":           {kind("411.jpg"), "unusual sampling, so they are converted"},
		"JPEGs of 4:1:0":           {kind("410.jpg"), "unusual sampling, so they are converted"},
		"JPEGs of CMYK":            {kind("cmyk.jpg"), "CMYK colours, so they are converted"},
		"arithmetic coding":        {kind("arithmetic.jpg"), "arithmetic coding, so they are always decoded"},
		"JPEGs without tables":     {inTurn(single(withoutTables(t, one))), "no Huffman tables, which are added"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src := camtest.Source(t, c.url)
			src.PollInterval, src.StallTimeout = 40*time.Millisecond, camtest.Patience
			feed := runFeed(t, src)
			camtest.Until(t, c.want, func() bool {
				return slices.ContainsFunc(feed.Feed.Oddities(), func(odd string) bool { return strings.Contains(odd, c.want) })
			})
		})
	}
}

func TestOdditiesAreListedOnceAndCounted(t *testing.T) {
	var o oddities
	o.add("length", "lengths are 7 bytes too long")
	o.add("marker", "pictures lack their end marker")
	o.add("length", "lengths are 9 bytes too long")
	o.add("length", "lengths are 7 bytes too long")
	want := []string{"lengths are 7 bytes too long (3 times)", "pictures lack their end marker"}
	if got := o.list(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	o.reset()
	if got := o.list(); got == nil || len(got) != 0 { // JSON has [], not null
		t.Errorf("%q after a reset", got)
	}
}

func TestOdditiesOfManyGoroutinesAreBounded(t *testing.T) {
	var o oddities
	var all sync.WaitGroup
	for i := range 3 * maxOddities {
		all.Go(func() { o.add(fmt.Sprint(i), "odd"); o.list() })
	}
	all.Wait()
	if got := len(o.list()); got != maxOddities {
		t.Errorf("%d oddities", got)
	}
}
