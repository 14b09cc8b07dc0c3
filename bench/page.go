package main

import (
	"bytes"
	"html/template"
	"image/color"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// writePage writes the report as a page that needs no other file.
func writePage(w io.Writer, rep *report) error {
	results := rep.measured()
	type row struct {
		*result
		About, Ns, RivalNs, Ratio, Spread, Allocs, Fair, Aim, Met string
	}
	data := struct {
		*report
		Turns int
		Rows  []row
		Plots []template.HTML
	}{report: rep}
	for _, r := range results {
		data.Turns = max(data.Turns, len(r.Our))
		aim, met := verdict(r)
		data.Rows = append(data.Rows, row{r, r.about, number(median(values(r.Our, "ns/op"))), number(median(values(r.Their, "ns/op"))),
			ratio(r.Ratio.Median), ratio(r.Ratio.Min) + "–" + ratio(r.Ratio.Max), both(r, allocs), both(r, fairness), aim, met})
	}
	if len(results) > 0 {
		plots := append([]figure{ratioPlot(results)}, sizePlots(results)...)
		for _, f := range plots {
			svg, err := f.svg()
			if err != nil {
				return err
			}
			data.Plots = append(data.Plots, svg)
		}
	}
	return pageTemplate.Execute(w, data)
}

var pageTemplate = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>floodgate bench</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-size: 13px; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid #ddd; text-align: right; white-space: nowrap; }
th:nth-child(-n+3), td:nth-child(-n+3) { text-align: left; }
.met { color: #087f23; } .missed { color: #b00020; }
svg { max-width: 100%; height: auto; margin: 1rem 0; }
</style>
<h1>floodgate bench</h1>
<p>{{.Go}} {{.OS}}/{{.Arch}}, GOMAXPROCS {{.CPUs}}, {{.Turns}} turns of {{.Benchtime}}.
Ours and the rival ran in turns, each time in a new process. The ratio is ours over the rival, smaller is better:
the median of the turns, and the smallest and largest.</p>
{{range .Plots}}<figure>{{.}}</figure>
{{end}}<table>
<tr><th>measurement<th>ours<th>rival<th>ns<th>rival ns<th>ratio<th>spread<th>allocs<th>max/min<th>aim<th></tr>
{{range .Rows}}<tr title="{{.About}}"><td>{{.Bench}}<td>{{.Ours}}<td>{{.Rival}}<td>{{.Ns}}<td>{{.RivalNs}}<td>{{.Ratio}}<td>{{.Spread}}<td>{{.Allocs}}<td>{{.Fair}}<td>{{.Aim}}<td class="{{if eq .Met "met"}}met{{else}}missed{{end}}">{{.Met}}</tr>
{{end}}</table>
</html>
`))

// A figure is a plot and its size.
type figure struct {
	*plot.Plot
	width, height vg.Length
}

func (f figure) svg() (template.HTML, error) {
	const margin = 0.4 * vg.Centimeter // a browser's font may be wider
	c := vgsvg.New(f.width, f.height)
	f.Draw(draw.Crop(draw.New(c), margin, -margin, margin, -margin))
	var buf bytes.Buffer
	if _, err := c.WriteTo(&buf); err != nil {
		return "", err
	}
	_, svg, _ := strings.Cut(buf.String(), "<svg") // without the XML declaration
	svg = strings.ReplaceAll(svg, "font-family:Liberation Sans", "font-family:Liberation Sans,Arial,sans-serif")
	return template.HTML("<svg" + svg), nil
}

func init() { plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"} }

var (
	black = color.Gray{0x20}
	green = color.RGBA{R: 0x08, G: 0x7f, B: 0x23, A: 0xff}
)

// ratioPlot has a row for each pair: the median, the spread, and the aim.
func ratioPlot(results []*result) figure {
	p := plot.New()
	p.Title.Text = "ours / rival (bars: spread; green square: the aim)"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, ratioTicks{}
	p.X.Min, p.X.Max = 0.5, 2
	var points ratioPoints
	var goals plotter.XYs
	names := make([]string, len(results))
	for i, r := range results {
		y := float64(len(results) - 1 - i) // the first on top
		names[len(results)-1-i] = r.Bench + "  " + strings.TrimPrefix(r.Ours, "floodgate-") + " : " + r.Rival
		points.XYs = append(points.XYs, plotter.XY{X: r.Ratio.Median, Y: y})
		points.XErrors = append(points.XErrors, struct{ Low, High float64 }{r.Ratio.Median - r.Ratio.Min, r.Ratio.Max - r.Ratio.Median})
		p.X.Min, p.X.Max = min(p.X.Min, r.Ratio.Min), max(p.X.Max, r.Ratio.Max)
		if a := r.aim(); a != nil {
			goals = append(goals, plotter.XY{X: a.most, Y: y})
		}
	}
	par := must(plotter.NewLine(plotter.XYs{{X: 1, Y: -0.5}, {X: 1, Y: float64(len(results)) - 0.5}}))
	par.Color = color.Gray{0xb0}
	dots := must(plotter.NewScatter(points))
	dots.GlyphStyle = draw.GlyphStyle{Color: black, Radius: vg.Points(2.5), Shape: draw.CircleGlyph{}}
	bars := must(plotter.NewXErrorBars(points))
	bars.Color = black
	p.Add(par, bars, dots)
	if len(goals) > 0 {
		marks := must(plotter.NewScatter(goals))
		marks.GlyphStyle = draw.GlyphStyle{Color: green, Radius: vg.Points(4), Shape: draw.SquareGlyph{}}
		p.Add(marks)
	}
	p.NominalY(names...)
	p.Y.Min, p.Y.Max = -0.5, float64(len(results))-0.5
	return figure{p, 26 * vg.Centimeter, vg.Length(len(results))*0.5*vg.Centimeter + 3*vg.Centimeter}
}

type ratioPoints struct {
	plotter.XYs
	plotter.XErrors
}

// ratioTicks marks the powers of two.
type ratioTicks struct{}

// Ticks returns the powers of two between two ratios.
func (ratioTicks) Ticks(least, most float64) (ticks []plot.Tick) {
	for e := math.Ceil(math.Log2(least)); e <= math.Floor(math.Log2(most)); e++ {
		v := math.Exp2(e)
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', 4, 64)})
	}
	return ticks
}

var parked = regexp.MustCompile(`^(\w+)/parked=(\d+)$`)

// sizePlots has a plot for each benchmark that was measured with several numbers
// of waiters: the time over the number, a line for each implementation.
func sizePlots(results []*result) (figures []figure) {
	var order []string
	series := map[string]map[string]plotter.XYs{} // benchmark, implementation
	for _, r := range results {
		m := parked.FindStringSubmatch(r.Bench)
		if m == nil {
			continue
		}
		n, _ := strconv.ParseFloat(m[2], 64) // it is digits
		if series[m[1]] == nil {
			series[m[1]] = map[string]plotter.XYs{}
			order = append(order, m[1])
		}
		add := func(impl string, samples []sample) {
			xys := series[m[1]][impl]
			if k := len(xys); k == 0 || xys[k-1].X != n { // once, where it has several rivals
				series[m[1]][impl] = append(xys, plotter.XY{X: n, Y: median(values(samples, "ns/op"))})
			}
		}
		add(r.Ours, r.Our)
		add(r.Rival, r.Their)
	}
	for _, name := range order {
		impls := make([]string, 0, len(series[name]))
		several := false
		for impl, xys := range series[name] {
			impls = append(impls, impl)
			several = several || len(xys) > 1
		}
		if !several {
			continue
		}
		slices.Sort(impls)
		p := plot.New()
		p.Title.Text, p.X.Label.Text, p.Y.Label.Text = name, "parked", "ns"
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
		p.Legend.Top, p.Legend.Left = true, true
		for i, impl := range impls {
			line, dots, err := plotter.NewLinePoints(series[name][impl])
			must(0, err)
			line.Color, line.Width = plotutil.Color(i), vg.Points(1.5)
			dots.Color, dots.Shape = plotutil.Color(i), draw.CircleGlyph{}
			p.Add(line, dots)
			p.Legend.Add(impl, line, dots)
		}
		figures = append(figures, figure{p, 18 * vg.Centimeter, 12 * vg.Centimeter})
	}
	return figures
}

// must is for what fails only if there is no data or it is not finite, which
// measure excludes.
func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}
