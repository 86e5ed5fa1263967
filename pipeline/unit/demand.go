package unit

// Demand says which access units somebody waits for. A larger Demand includes the smaller ones.
type Demand int

// The demands.
const (
	Nothing Demand = iota
	Keyframes
	Everything
)
