package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"

	"framegate/internal/plot"
)

// table is what a run of the benchmark found.
type table struct {
	Machine  string         `json:"machine"`
	Date     string         `json:"date"`
	Sections []tableSection `json:"sections"`
}

type tableSection struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Rows  []row  `json:"rows"`
}

// row is one figure, with the goal that it is held to where there is one.
type row struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"` // empty for a ratio
	// AtMost and AtLeast are the goal; 0 is none.
	AtMost  float64 `json:"at_most,omitempty"`
	AtLeast float64 `json:"at_least,omitempty"`
	Missing string  `json:"missing,omitempty"` // why there is no value
}

func (r row) value() string {
	if r.Missing != "" {
		return r.Missing
	}
	return plot.Number(r.Value) + unit(r.Unit)
}

func (r row) goal() string {
	var text string
	var met bool
	switch {
	case r.Missing != "":
		return ""
	case r.AtMost > 0:
		text, met = "at most "+strconv.FormatFloat(r.AtMost, 'g', -1, 64), r.Value <= r.AtMost
	case r.AtLeast > 0:
		text, met = "at least "+strconv.FormatFloat(r.AtLeast, 'g', -1, 64), r.Value >= r.AtLeast
	default:
		return ""
	}
	if !met {
		text = "**missed:** " + text
	}
	return text + unit(r.Unit)
}

func unit(u string) string {
	if u == "" {
		return ""
	}
	return " " + u
}

// print writes the table as Markdown.
func (t table) print(w io.Writer) {
	fmt.Fprintf(w, "%s, on %s.\n", t.Machine, t.Date)
	for _, s := range t.Sections {
		fmt.Fprintf(w, "\n| %s | measured | goal |\n| --- | --- | --- |\n", s.Title)
		for _, r := range s.Rows {
			fmt.Fprintf(w, "| %s | %s | %s |\n", r.Name, r.value(), r.goal())
		}
	}
}

func (t table) writeJSON(path string) error {
	text, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
