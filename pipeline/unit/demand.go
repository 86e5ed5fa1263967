package unit

// Demand says which access units somebody waits for. A larger Demand includes the smaller ones.
type Demand int

// The demands.
const (
	Nothing    Demand = iota // nobody waits: units may arrive in batches
	Keyframes                // only keyframes are waited for
	Everything               // every unit is waited for
)
