package frame

// Step is one of the pictures among which quality=auto chooses, by what a viewer's connection carries. All viewers on the same step
// of the same request share one rendition.
type Step struct {
	Quality int     // of the JPEG at most; that of the request may be lower
	Scale   float64 // of the requested size, in both directions
	// Bytes is the size of a picture as a part of that on the first step, roughly, as bench --only picture prints it for its scene. Others differ.
	Bytes float64
}

// Steps are the steps of quality=auto, from the picture as configured down to the smallest. docs/http.md lists them.
var Steps = []Step{
	{MaxQuality, 1, 1},
	{60, 1, 0.75},
	{60, 0.7, 0.5},
	{60, 0.5, 0.3},
	{50, 0.35, 0.2},
}

// onStep returns the request with the quality of its step, and the part of the requested size that is left.
func (a Request) onStep() (Request, float64) {
	if !a.Auto || a.Step <= 0 {
		return a, 1
	}
	step := Steps[min(a.Step, len(Steps)-1)]
	a.Quality, a.AsSent = min(a.Quality, step.Quality), false
	return a, step.Scale
}
