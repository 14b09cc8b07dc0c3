package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// show prints the table, and below it the aims.
func show(out io.Writer, rep *report) {
	results := rep.measured()
	if len(results) == 0 {
		fmt.Fprintln(out, "nothing was measured")
		return
	}
	t := newTable("", "ours", "rival", "ns", "rival ns", "ratio", "spread", "allocs", "max/min", "aim", "")
	for i, r := range results {
		name := r.Bench
		if i > 0 && results[i-1].Bench == name {
			name = ""
		} else if i > 0 {
			t.AppendSeparator()
		}
		aim, met := verdict(r)
		t.AppendRow(table.Row{name, r.Ours, r.Rival,
			number(median(values(r.Our, "ns/op"))), number(median(values(r.Their, "ns/op"))),
			ratio(r.Ratio.Median), ratio(r.Ratio.Min) + "–" + ratio(r.Ratio.Max),
			both(r, allocs), both(r, fairness), aim, met})
	}
	fmt.Fprintln(out, t.Render())
	fmt.Fprintf(out, "\n%s %s/%s, GOMAXPROCS %d, %d turns of %s. ratio: ours/rival, smaller is better: the median of\n"+
		"the turns, and the smallest and largest. allocs: per operation, ours/rival. max/min: the largest\n"+
		"share of a goroutine over the smallest, ours/rival; 1 is fair.\n\n",
		rep.Go, rep.OS, rep.Arch, rep.CPUs, len(results[0].Our), rep.Benchtime)
	showAims(out, results)
}

// showAims prints what was to be reached, if any of it was measured.
func showAims(out io.Writer, results []*result) {
	t := newTable("aim", "", "rival", "at most", "ratio", "spread", "")
	for _, a := range aims {
		for _, r := range results {
			if x := r.aim(); x == nil || *x != a {
				continue
			}
			_, met := verdict(r)
			t.AppendRow(table.Row{a.what, a.pair.ours, a.pair.rival, ratio(a.most), ratio(r.Ratio.Median),
				ratio(r.Ratio.Min) + "–" + ratio(r.Ratio.Max), met})
		}
	}
	if t.Length() > 0 {
		fmt.Fprintln(out, t.Render())
	}
}

// newTable returns a table with a header. Columns whose name says that they hold
// numbers are aligned to the right.
func newTable(header ...string) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options.SeparateColumns = false
	t.Style().Options.DrawBorder = false
	t.Style().Format.Header = text.FormatDefault
	var row table.Row
	var columns []table.ColumnConfig
	for i, h := range header {
		row = append(row, h)
		switch h {
		case "ns", "rival ns", "ratio", "spread", "allocs", "max/min", "at most":
			columns = append(columns, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
	}
	t.SetColumnConfigs(columns)
	t.AppendHeader(row)
	return t
}

// verdict returns the aim of r and whether it is met, or two empty strings.
func verdict(r *result) (aim, met string) {
	a := r.aim()
	switch {
	case a == nil:
		return "", ""
	case a.metBy(r):
		met = "met"
	case r.Ratio.Median <= a.most:
		met = "not met: less fair"
	default:
		met = "not met"
	}
	return "≤ " + ratio(a.most), met
}

// both returns the medians of a unit of ours and the rival, or nothing where
// neither measured it.
func both(r *result, unit string) string {
	ours, rivals := values(r.Our, unit), values(r.Their, unit)
	if len(ours)+len(rivals) == 0 {
		return ""
	}
	return number(median(ours)) + "/" + number(median(rivals))
}

func ratio(v float64) string { return fmt.Sprintf("%.2f", v) }

// number prints v with three digits that count, and no exponent.
func number(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
	default:
		return strings.TrimSuffix(fmt.Sprintf("%.2f", v), ".00")
	}
}

// list prints what can be compared.
func list(out io.Writer, jobs []job) error {
	for i, j := range jobs {
		if i == 0 || jobs[i-1].question != j.question {
			fmt.Fprintf(out, "%s\n  %s\n", j.name, j.about)
		}
		fmt.Fprintf(out, "    %s : %s", j.ours, j.rival)
		if a := aimOf(j.name, j.pair); a != nil {
			fmt.Fprintf(out, "   aim: %s or less", ratio(a.most))
			if a.fair {
				fmt.Fprint(out, ", at equal fairness")
			}
		}
		fmt.Fprintln(out)
	}
	return nil
}
