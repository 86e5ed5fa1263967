package frame

// Request is what somebody asks of a camera. A zero field leaves the choice to the camera's configuration.
type Request struct {
	Width, Height  int     // pixels; if only one is given, the other follows from the aspect ratio
	Scale          float64 // of the camera's size or, with a crop, of that of the crop, in both directions
	Upscale        bool    // allows a picture that is larger than that, up to MaxUpscale times
	FPS            float64 // pictures per second at most
	Keyframes      bool    // the camera's keyframes only
	Quality        int     // 1 to 100
	Auto           bool    // Quality, or what the configuration has, is that of the first of Steps
	Step           int     // index of Steps, if Auto is set
	AsSent         bool    // passes on the JPEGs of a camera that sends them, whatever Quality says, if everything else fits
	Rotate         int     // degrees clockwise: 0, 90, 180 or 270; added to that of the configuration
	Crop           Crop    // of the picture as it is shown without it: rotated, and cropped to ConfiguredCrop
	ConfiguredCrop Crop    // of the configuration
	Format         Format
	DropSame       bool
	Overlay        Overlay       // of the configuration
	Name           string        // of the camera, also from the configuration
	Show           *OverlayParts // which parts of the overlay are shown; nil leaves it as configured
}

// Still returns a without what a single picture ignores.
func (a Request) Still() Request {
	a.FPS, a.Keyframes, a.DropSame = 0, false, false
	return a
}

// OverlayParts selects the parts of an overlay that are shown.
type OverlayParts struct{ Name, Time, Text bool }

// The ranges of a Request, and so of the query parameters and the configuration.
const (
	MinSide, MaxSide       = 16, 8192 // pixels
	MinScale, MaxScale     = 0.01, 1.0
	MinFPS, MaxFPS         = 0.1, 240.0
	MinQuality, MaxQuality = 1, 100
	DefaultQuality         = 80
	MaxUpscale             = 4
	// MaxAspect is the largest ratio of the two sides if both are requested.
	MaxAspect = 8
)

// If nothing says how large a picture should be, a camera of LargeWidth pixels or more is shown at LargeScale of its size and a
// smaller one at its own size. For a crop its own size counts.
const (
	LargeWidth = 1280
	LargeScale = 0.25
)

// WithDefaults returns a with its unset fields taken from b, a camera's configuration. If a has a width, a height or a scale, none of
// them is taken from b.
func (a Request) WithDefaults(b Request) Request {
	if a.Width == 0 && a.Height == 0 && a.Scale == 0 {
		a.Width, a.Height, a.Scale = b.Width, b.Height, b.Scale
	}
	if a.FPS == 0 && !a.Keyframes {
		a.FPS, a.Keyframes = b.FPS, b.Keyframes
	}
	if a.Quality == 0 {
		a.Quality, a.AsSent, a.Auto = b.Quality, b.AsSent, a.Auto || b.Auto
	}
	a.Overlay, a.Name = b.Overlay, b.Name
	if a.Show != nil {
		a.Overlay.Name, a.Overlay.Time = "", a.Show.Time
		if a.Show.Name {
			a.Overlay.Name = b.Name
		}
		if !a.Show.Text {
			a.Overlay.Text = ""
		}
	}
	a.ConfiguredCrop = Orientation{Degrees: (360 - a.Rotate) % 360}.CropBefore(b.ConfiguredCrop) // it stays where it is in the scene
	a.Rotate = (a.Rotate + b.Rotate) % 360
	a.DropSame = a.DropSame || b.DropSame
	return a
}
