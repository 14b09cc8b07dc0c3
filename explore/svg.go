package explore

import (
	"fmt"
	"html"
	"strings"

	"github.com/floodgate-go/floodgate/sched"
)

// SVG returns the timeline as a picture that stands for itself: a column for
// each task, a row for each step, locks held as bars, waits as dashed lines,
// and an arrow from each step that lets another task go on to where it does.
func (l *Timeline) SVG() string {
	const (
		row, top, left = 20, 46, 44
		bar            = 7
	)
	rows := l.Rows
	cells := make([]string, len(rows))
	longest := make([]int, len(l.Tasks))
	for i := range rows {
		cells[i] = l.cell(&rows[i])
		if t := rows[i].Task; t >= 0 {
			longest[t] = max(longest[t], len([]rune(cells[i])))
		}
	}
	x := make([]int, len(l.Tasks)+1)
	x[0] = left
	for i, n := range longest {
		x[i+1] = x[i] + max(n, len(l.Tasks[i])+2, 14)*7 + 44
	}
	width, height := x[len(l.Tasks)]+20, top+row*len(rows)+24
	y := func(i int) int { return top + row*i + row/2 }

	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="ui-monospace,Menlo,Consolas,monospace" font-size="12">`+"\n", width, height, width, height)
	b.WriteString(`<style>.bg{fill:#fff}.n{fill:#999}.t{fill:#111}.w{fill:#a33}.h{font-weight:bold;fill:#111}.z{fill:#f4f4f8}` +
		`.s{stroke:#a33;stroke-dasharray:3 3;stroke-width:1.5}.c{stroke:#ddd}.a{stroke:#2563eb;fill:none;stroke-width:1.4}</style>` + "\n")
	b.WriteString(`<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#2563eb"/></marker></defs>` + "\n")
	fmt.Fprintf(&b, `<rect class="bg" width="%d" height="%d"/>`+"\n", width, height)
	for i := 0; i < len(rows); i += 2 {
		fmt.Fprintf(&b, `<rect class="z" x="0" y="%d" width="%d" height="%d"/>`+"\n", y(i)-row/2, width, row)
	}
	for i, t := range l.Tasks {
		fmt.Fprintf(&b, `<text class="h" x="%d" y="24">%s</text>`+"\n", x[i]+30, html.EscapeString(letter(i)+" "+t))
		fmt.Fprintf(&b, `<line class="c" x1="%d" y1="32" x2="%d" y2="%d"/>`+"\n", x[i]+24, x[i]+24, height-12)
	}
	lanes := map[[2]int]bool{} // column and lane, by rows in use
	colour := map[string]string{}
	for _, s := range l.Spans {
		if s.From >= len(rows) {
			continue
		}
		to := min(s.To, len(rows))
		lane := 0
		for free := false; !free; {
			free = true
			for i := s.From; i <= to && free; i++ {
				free = !lanes[[2]int{s.Task<<8 | lane, i}]
			}
			if !free {
				lane++
			}
		}
		for i := s.From; i <= to; i++ {
			lanes[[2]int{s.Task<<8 | lane, i}] = true
		}
		if colour[s.Object] == "" {
			palette := []string{"#f59e0b", "#10b981", "#8b5cf6", "#ec4899", "#0ea5e9", "#84cc16", "#ef4444"}
			colour[s.Object] = palette[len(colour)%len(palette)]
		}
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="%d" rx="2" fill="%s" fill-opacity="0.75"><title>%s held by %s</title></rect>`+"\n",
			x[s.Task]+16-lane*(bar+2), y(s.From)-4, bar, y(to)-y(s.From)+8, colour[s.Object],
			html.EscapeString(s.Object), html.EscapeString(l.Tasks[s.Task]))
	}
	ended := map[int]bool{} // rows of waits that came to an end
	for i := range rows {
		if r := &rows[i]; r.Step > 0 && r.Slept >= 0 {
			ended[r.Slept] = true
			fmt.Fprintf(&b, `<line class="s" x1="%d" y1="%d" x2="%d" y2="%d"/>`+"\n", x[r.Task]+24, y(r.Slept), x[r.Task]+24, y(i))
			if r.Woken >= 0 && r.Woken < len(rows) && rows[r.Woken].Task >= 0 && rows[r.Woken].Task != r.Task {
				from, to := rows[r.Woken].Task, r.Task
				x1, x2 := x[from]+26, x[to]+28
				if from < to {
					x2 = x[to] + 22
				}
				fmt.Fprintf(&b, `<path class="a" marker-end="url(#tip)" d="M%d %d C%d %d %d %d %d %d"/>`+"\n",
					x1, y(r.Woken), (x1+x2)/2, y(r.Woken), (x1+x2)/2, y(i), x2, y(i))
			}
		}
	}
	for i := range rows {
		r := &rows[i]
		if r.Waits && !ended[i] {
			fmt.Fprintf(&b, `<line class="s" x1="%d" y1="%d" x2="%d" y2="%d"/>`+"\n", x[r.Task]+24, y(i), x[r.Task]+24, height-12)
		}
		if r.Step > 0 {
			fmt.Fprintf(&b, `<text class="n" x="%d" y="%d" text-anchor="end">%d</text>`+"\n", left-12, y(i)+4, r.Step)
		}
		class, at := "t", left+30
		if r.Waits || r.Failed && r.Op != sched.Load {
			class = "w"
		}
		if r.Task >= 0 {
			at = x[r.Task] + 30
		}
		fmt.Fprintf(&b, `<text class="%s" x="%d" y="%d">%s`, class, at, y(i)+4, html.EscapeString(cells[i]))
		if r.Note != "" {
			fmt.Fprintf(&b, `<title>%s</title>`, html.EscapeString(r.Note))
		}
		b.WriteString("</text>\n")
	}
	b.WriteString("</svg>\n")
	return b.String()
}
