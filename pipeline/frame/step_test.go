package frame

import "testing"

func TestStepsOfARequest(t *testing.T) {
	camera := Stream{Codec: "h264", Width: 1920, Height: 1080}
	jpegs := Stream{Codec: "mjpeg", Width: 640, Height: 480}
	for name, c := range map[string]struct {
		request Request
		stream  Stream
		want    string
	}{
		"the first is the picture as configured": {Request{Auto: true, Quality: 80, Scale: 0.25}, camera, "480x270 q80"},
		"a lower quality":                        {Request{Auto: true, Quality: 80, Scale: 0.25, Step: 1}, camera, "480x270 q60"},
		"a smaller picture":                      {Request{Auto: true, Quality: 80, Scale: 0.25, Step: 2}, camera, "336x190 q60"},
		"half of the size":                       {Request{Auto: true, Quality: 80, Width: 640, Step: 3}, camera, "320x180 q60"},
		"the last":                               {Request{Auto: true, Quality: 80, Width: 640, Step: 4}, camera, "224x126 q50"},
		"no side gets shorter than 16 pixels":    {Request{Auto: true, Quality: 80, Width: 40, Step: 4}, camera, "28x16 q50"},
		"a side that is shorter already":         {Request{Auto: true, Quality: 80, Width: 16, Step: 4}, camera, "16x10 q50"},
		"none is below the last":                 {Request{Auto: true, Quality: 80, Width: 640, Step: 9}, camera, "224x126 q50"},
		"none is better than what is configured": {Request{Auto: true, Quality: 40, Width: 640, Step: 1}, camera, "640x360 q40"},
		"both sides":                             {Request{Auto: true, Quality: 80, Width: 400, Height: 400, Step: 3}, camera, "200x200 q60"},
		"JPEGs are passed on, on the first":      {Request{Auto: true, Quality: 80, AsSent: true}, jpegs, "640x480 as sent"},
		"and not on the second":                  {Request{Auto: true, Quality: 80, AsSent: true, Step: 1}, jpegs, "640x480 q60"},
		"only quality=auto has steps":            {Request{Quality: 80, Width: 640, Step: 3}, camera, "640x360 q80"},
	} {
		if got := c.request.Resolve(c.stream).String(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestAutoComesFromTheRequestOrTheConfiguration(t *testing.T) {
	for name, c := range map[string]struct {
		request, config Request
		auto            bool
		quality         int
	}{
		"neither":                          {Request{}, Request{Quality: 70}, false, 70},
		"the request":                      {Request{Auto: true}, Request{Quality: 70}, true, 70},
		"the configuration":                {Request{}, Request{Quality: 80, Auto: true}, true, 80},
		"a number overrides configuration": {Request{Quality: 30}, Request{Quality: 80, Auto: true}, false, 30},
	} {
		if got := c.request.WithDefaults(c.config); got.Auto != c.auto || got.Quality != c.quality {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestStepsGetSmaller(t *testing.T) {
	for i, step := range Steps[1:] {
		if before := Steps[i]; step.Bytes >= before.Bytes || step.Scale > before.Scale {
			t.Errorf("%+v after %+v", step, before)
		}
	}
}
