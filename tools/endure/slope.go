package main

import "math"

// slope fits a line to points by least squares and returns its slope, with the standard error. The error assumes that the
// distances of the points from the line are independent of each other; if they are not, it is too small.
func slope(x, y []float64) (steepness, standardError float64) {
	n := float64(len(x))
	if n < 3 {
		return 0, math.Inf(1)
	}
	var meanX, meanY float64
	for i := range x {
		meanX += x[i] / n
		meanY += y[i] / n
	}
	var xx, xy float64
	for i := range x {
		xx += (x[i] - meanX) * (x[i] - meanX)
		xy += (x[i] - meanX) * (y[i] - meanY)
	}
	steepness = xy / xx
	var rest float64
	for i := range x {
		off := y[i] - meanY - steepness*(x[i]-meanX)
		rest += off * off
	}
	return steepness, math.Sqrt(rest / (n - 2) / xx)
}
