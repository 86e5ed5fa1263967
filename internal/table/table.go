// Package table holds and prints what a program has measured, with its goals.
package table

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
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
	// Columns and Lines are a grid, which stands before the rows.
	Columns []string `json:"columns,omitempty"`
	Lines   []Line   `json:"lines,omitempty"`
}

// Line is a line of a grid, with a cell for each column, or one that says why there are none. The cells have no names and no goals.
type Line struct {
	Name  string `json:"name"`
	Cells []Row  `json:"cells"`
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

// Columns begins a grid in the last section.
func (t *Table) Columns(names ...string) { t.Sections[len(t.Sections)-1].Columns = names }

// AddLine adds a line to the grid of the last section.
func (t *Table) AddLine(name string, cells ...Row) {
	s := &t.Sections[len(t.Sections)-1]
	s.Lines = append(s.Lines, Line{name, cells})
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
		s.printGrid(w)
		if len(s.Rows) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n| %s | measured | goal |\n| --- | --- | --- |\n", s.Title)
		for _, r := range s.Rows {
			fmt.Fprintf(w, "| %s | %s | %s |\n", r.Name, r.Text(), r.goal())
		}
	}
}

// printGrid writes the grid of a section, if it has one.
func (s Section) printGrid(w io.Writer) {
	if len(s.Lines) == 0 {
		return
	}
	fmt.Fprintf(w, "\n| %s | %s |\n|%s\n", s.Title, strings.Join(s.Columns, " | "), strings.Repeat(" --- |", len(s.Columns)+1))
	for _, line := range s.Lines {
		fmt.Fprintf(w, "| %s |", line.Name)
		for i := range s.Columns {
			text := ""
			if i < len(line.Cells) {
				text = line.Cells[i].Text()
			}
			fmt.Fprintf(w, " %s |", text)
		}
		fmt.Fprintln(w)
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
