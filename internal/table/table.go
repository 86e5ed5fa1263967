// Package table holds and prints what a program has measured, with its goals.
package table

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/framegate/framegate/internal/machine"
	"github.com/framegate/framegate/internal/plot"
)

// Table is what was measured on a machine.
type Table struct {
	Machine  string    `json:"machine"`
	Date     string    `json:"date"`
	Sections []Section `json:"sections"`
}

// Section is a part of a table with a headline.
type Section struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Rows  []Row  `json:"rows"`
}

// New returns an empty table for this machine and day.
func New() Table { return Table{Machine: machine.String(), Date: time.Now().Format(time.DateOnly)} }

// Begin starts a section.
func (t *Table) Begin(name, title string) {
	t.Sections = append(t.Sections, Section{Name: name, Title: title})
}

// Add adds a row to the last section.
func (t *Table) Add(r Row) {
	s := &t.Sections[len(t.Sections)-1]
	s.Rows = append(s.Rows, r)
}

// Missed lists the rows that do not meet their goals.
func (t Table) Missed() (rows []Row) {
	for _, s := range t.Sections {
		for _, r := range s.Rows {
			if !r.met() {
				rows = append(rows, r)
			}
		}
	}
	return rows
}

// Row is one figure, with its goal if it has one.
type Row struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"` // empty for a ratio
	// AtMost and AtLeast are the goal; 0 is none.
	AtMost  float64 `json:"at_most,omitempty"`
	AtLeast float64 `json:"at_least,omitempty"`
	Missing string  `json:"missing,omitempty"` // why there is no value
}

// Text is the figure with its unit, or why there is none.
func (r Row) Text() string {
	if r.Missing != "" {
		return r.Missing
	}
	return plot.Number(r.Value) + unit(r.Unit)
}

// met reports whether the figure meets its goal, as one that is missing does.
func (r Row) met() bool {
	return r.Missing != "" || (r.AtMost == 0 || r.Value <= r.AtMost) && (r.AtLeast == 0 || r.Value >= r.AtLeast)
}

func (r Row) goal() string {
	var text string
	switch {
	case r.Missing != "":
		return ""
	case r.AtMost > 0:
		text = "at most " + strconv.FormatFloat(r.AtMost, 'g', -1, 64)
	case r.AtLeast > 0:
		text = "at least " + strconv.FormatFloat(r.AtLeast, 'g', -1, 64)
	default:
		return ""
	}
	if !r.met() {
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

// Print writes the table as Markdown.
func (t Table) Print(w io.Writer) {
	fmt.Fprintf(w, "%s, on %s.\n", t.Machine, t.Date)
	for _, s := range t.Sections {
		fmt.Fprintf(w, "\n| %s | measured | goal |\n| --- | --- | --- |\n", s.Title)
		for _, r := range s.Rows {
			fmt.Fprintf(w, "| %s | %s | %s |\n", r.Name, r.Text(), r.goal())
		}
	}
}

// WriteJSON writes the table to a file.
func (t Table) WriteJSON(path string) error {
	text, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// Quantile returns the value below which the part q of the values lies, 0 if there are none.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
