package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// card is what nvidia-smi reports of the first card.
type card struct {
	known   bool
	name    string
	driver  string
	memory  float64 // in use, MiB
	decoder float64 // busy, percent
}

// readCard asks nvidia-smi. Without it, the card stays unknown.
func readCard(ctx context.Context) (card, error) {
	out, err := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=name,driver_version,memory.used,utilization.decoder",
		"--format=csv,noheader,nounits").Output()
	if err != nil {
		return card{}, fmt.Errorf("nvidia-smi: %w", err)
	}
	return parseCard(string(out))
}

func parseCard(text string) (card, error) {
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	fields := strings.Split(first, ", ")
	if len(fields) != 4 {
		return card{}, fmt.Errorf("nvidia-smi prints %q", text)
	}
	c := card{known: true, name: fields[0], driver: fields[1]}
	if _, err := fmt.Sscanf(fields[2], "%g", &c.memory); err != nil {
		return card{}, fmt.Errorf("nvidia-smi prints %q", text)
	}
	fmt.Sscanf(fields[3], "%g", &c.decoder) // [N/A] with some cards
	return c, nil
}
