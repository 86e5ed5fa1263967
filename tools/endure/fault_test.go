package main

import (
	"math/rand/v2"
	"testing"
)

func TestFaultsDependOnTheSeedAlone(t *testing.T) {
	seen := map[*fault]int{}
	first, second := rand.New(rand.NewPCG(7, 1)), rand.New(rand.NewPCG(7, 1))
	for range 1000 {
		f, lasts := chooseFault(first, faults)
		again, sameLasts := chooseFault(second, faults)
		if f != again || lasts != sameLasts || lasts < f.least || lasts > f.most {
			t.Fatalf("%s for %v, then %s for %v", f.command, lasts, again.command, sameLasts)
		}
		seen[f]++
	}
	if len(seen) != len(faults) {
		t.Errorf("%d of %d faults were chosen", len(seen), len(faults))
	}
}

func TestFaultsCanBeChosenByName(t *testing.T) {
	some := faultsNamed([]string{"stall", "drop"})
	if len(some) != 2 || some[0].command != "drop" || some[1].command != "stall" {
		t.Errorf("%v", some)
	}
	if len(faultsNamed(nil)) != len(faults) {
		t.Error("without a name not all are chosen")
	}
}
