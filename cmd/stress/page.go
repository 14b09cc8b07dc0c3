package main

import (
	"html/template"
	"io"

	"github.com/floodgate-go/floodgate/scenario"
)

var pageTemplate = template.Must(template.New("hunt").Funcs(template.FuncMap{
	"cause":     cause,
	"short":     short,
	"thousands": thousands,
	"svg": func(r *scenario.Row) template.HTML {
		if r.Finding.Timeline == nil {
			return ""
		}
		return template.HTML(r.Finding.Timeline.SVG()) // which escapes what it is made of
	},
	"schedule": func(r *scenario.Row) string { return r.Finding.Schedule.Explain() },
}).Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>stress hunt</title>
<style>
body{font:15px/1.45 system-ui,sans-serif;margin:2rem;color:#111;background:#fff}
code{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px}
summary{cursor:pointer;padding:.25rem 0}
.crash,.hang{color:#b91c1c}.wrong{color:#b45309}.latent{color:#666}
.pic{overflow-x:auto;border:1px solid #ddd;margin:.5rem 0 1.5rem}
b{display:inline-block;min-width:7.5rem}
</style></head><body>
<h1>What the hunt has found</h1>
<p>One line for each distinct failure of a generation: its effect, the statement that is broken, how and by whose steps.
Open a line for the schedule: a column for each task, a row for each step, locks held as bars, waits as dashed lines, an
arrow from each step that lets another task go on.</p>
{{range .}}<h2>{{.Generation}} <small>{{.Generation.Versions}}, {{.Generation.Date}}</small></h2>
<p>{{.Generation.Aim}}. {{.Scenarios}} scenarios, {{thousands .Executions}} executions, {{thousands .Steps}} steps in {{short .Spent}}.</p>
{{range .Rows}}<details><summary><b class="{{.Effect}}">{{.Effect}}</b> {{.Statement}} · {{cause .}}</summary>
<p>{{.Error}}<br>First hit: execution {{thousands .Execution}}, after {{short .After}}; seen in {{thousands .Seen}}.<br>
<code>stress replay '{{.Token}}'</code><br>{{schedule .}}.</p>
<div class="pic">{{svg .}}</div></details>
{{else}}<p>Nothing found.</p>
{{end}}{{end}}</body></html>
`))

// writePage writes the page of a hunt.
func writePage(out io.Writer, found []*scenario.Quarry) error {
	return pageTemplate.Execute(out, found)
}
