package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/floodgate-go/floodgate/devfs/lookup"
	"github.com/floodgate-go/floodgate/scenario"
)

func gate(gated bool) string {
	if gated {
		return "gated"
	}
	return "free"
}

// show prints the table, and below it what hung and what was touched: the first
// of each generation, or with all the first of each row.
func show(out io.Writer, results []*scenario.Result, all bool) {
	var t table.Writer
	for i, r := range results {
		if i == 0 || results[i-1].Reproducer != r.Reproducer || results[i-1].Gated != r.Gated {
			render(out, t)
			title(out, r)
			t = newTable()
		}
		t.AppendRow(table.Row{r.Generation, r.Rounds, blank(r.Hung), blank(r.Touched), blank(r.Broken), blank(r.Wrong),
			blank(r.Leaked + r.Routines), fmt.Sprintf("%.0f", r.PerSecond()), verdict(r)})
	}
	render(out, t)
	details(out, results, all)
	legend(out)
}

// title prints the line above the table of one reproducer.
func title(out io.Writer, r *scenario.Result) {
	command := ""
	if rep, err := scenario.ReproducerByID(r.Reproducer); err == nil {
		command = rep.Command
	}
	fmt.Fprintf(out, "%s %s   %s\n", r.Reproducer, gate(r.Gated), command)
}

func newTable() table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options.SeparateColumns = false
	t.Style().Options.DrawBorder = false
	t.Style().Format.Header = text.FormatDefault
	columns := []table.ColumnConfig{{Number: 1, WidthMin: 10}}
	for n := 2; n <= 8; n++ {
		columns = append(columns, table.ColumnConfig{Number: n, WidthMin: 7, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	t.AppendHeader(table.Row{"", "rounds", "hung", "dead", "bug", "wrong", "leaked", "round/s", "verdict"})
	return t
}

func render(out io.Writer, t table.Writer) {
	if t != nil {
		fmt.Fprintln(out, t.Render())
		fmt.Fprintln(out)
	}
}

func blank(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// verdict says in a word or two what a row came to.
func verdict(r *scenario.Result) string {
	var words []string
	add := func(n int, word string) {
		if n > 0 {
			words = append(words, word)
		}
	}
	switch {
	case r.Rounds > 0 && r.Hung == r.Rounds:
		words = append(words, "HANGS EVERY TIME")
	default:
		add(r.Hung, "HANGS")
	}
	add(r.Touched, "USE AFTER END")
	add(r.Broken, "BUG")
	add(r.Wrong, "WRONG ANSWER")
	add(r.Leaked+r.Routines, "LEAK")
	if len(words) == 0 {
		return "clean"
	}
	return strings.Join(words, ", ")
}

func details(out io.Writer, results []*scenario.Result, all bool) {
	told := map[string]bool{} // generation and kind
	first := func(r *scenario.Result, kind string) bool {
		key := r.Generation + kind
		if told[key] && !all {
			return false
		}
		told[key] = true
		fmt.Fprintf(out, "\n%s, %s (%s): first %s\n", r.Generation, r.Reproducer, gate(r.Gated), kind)
		return true
	}
	for _, r := range results {
		if r.Hang != nil && first(r, "hang") {
			fmt.Fprint(out, indent(r.Hang.String()))
		}
		for _, d := range []struct{ kind, text string }{
			{"use after end", r.Touch}, {"bug", r.Fault}, {"wrong answer", r.Error}, {"leak", r.Leak},
		} {
			if d.text != "" && first(r, d.kind) {
				fmt.Fprint(out, indent(d.text))
			}
		}
	}
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n    ") + "\n"
}

// legend says what the words of the table mean.
func legend(out io.Writer) {
	best := lookup.Best()
	fmt.Fprintf(out, "\nEach column counts rounds. dead: a task used a record whose life had ended. gated: tasks are held\n"+
		"at the window; free: they run as they like. The default protocol is %s; the exit status is about it.\n", best.ID)
}

// list prints what can be named in the flags.
func list(out io.Writer) error {
	fmt.Fprintln(out, "generations:")
	for _, g := range lookup.All() {
		fmt.Fprintf(out, "  %-9s %s  %s\n  %21s%s\n", g.ID, g.Date, g.Versions, "", g.Aim)
	}
	fmt.Fprintln(out, "\nreproducers:")
	for _, r := range scenario.Reproducers() {
		fmt.Fprintf(out, "  %-9s %s\n  %9s%s\n", r.ID, r.Command, "", r.About)
		if r.Gate != "" {
			fmt.Fprintf(out, "  %9sgate: %s\n", "", r.Gate)
		}
	}
	fmt.Fprintln(out, "\nproviders:")
	for i, p := range scenario.Providers() {
		note := ""
		if i == 0 {
			note = "  (default)"
		}
		fmt.Fprintf(out, "  %s%s\n", p, note)
	}
	return nil
}
