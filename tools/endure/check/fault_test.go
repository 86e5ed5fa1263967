package check

import (
	"math/rand/v2"
	"testing"
)

func TestFaultsDependOnTheSeedAlone(t *testing.T) {
	seen := map[*Fault]int{}
	first, second := rand.New(rand.NewPCG(7, 1)), rand.New(rand.NewPCG(7, 1))
	for range 1000 {
		f, lasts := Choose(first, Faults)
		again, sameLasts := Choose(second, Faults)
		if f != again || lasts != sameLasts || lasts < f.least || lasts > f.most {
			t.Fatalf("%s for %v, then %s for %v", f.Command, lasts, again.Command, sameLasts)
		}
		seen[f]++
	}
	if len(seen) != len(Faults) {
		t.Errorf("%d of %d faults were chosen", len(seen), len(Faults))
	}
}

func TestFaultsCanBeChosenByName(t *testing.T) {
	some := FaultsNamed([]string{"stall", "drop"})
	if len(some) != 2 || some[0].Command != "drop" || some[1].Command != "stall" {
		t.Errorf("%v", some)
	}
	if len(FaultsNamed(nil)) != len(Faults) {
		t.Error("without a name not all are chosen")
	}
}
