package lockdep

import (
	"encoding/json"
	"time"
)

// How reports look in JSON: kinds, operations and reasons are words, times are
// RFC 3339, durations nanoseconds, sites a list of "function file:line".

type jsonObject struct {
	Kind string `json:"kind"`
	Name string `json:"name,omitempty"`
	ID   int    `json:"id"`
}

type jsonHeld struct {
	Object  jsonObject `json:"object"`
	Op      string     `json:"op"`
	Permits int64      `json:"permits"`
	Step    uint64     `json:"step"`
	Label   string     `json:"label,omitempty"`
	Site    []string   `json:"site,omitempty"`
}

func objectJSON(n ObjectName) jsonObject { return jsonObject{n.Kind.String(), n.Name, n.ID} }

func heldJSON(list []Held) []jsonHeld {
	out := []jsonHeld{}
	for _, d := range list {
		out = append(out, jsonHeld{objectJSON(d.Object), d.Op.String(), d.Permits, d.Step, d.Label, d.Site.Frames()})
	}
	return out
}

// MarshalJSON encodes the whole picture.
func (h *Hang) MarshalJSON() ([]byte, error) {
	type waits struct {
		For TaskName `json:"for"`
		Why string   `json:"why"`
	}
	type sleeper struct {
		TaskName
		Op     string     `json:"op"`
		Object jsonObject `json:"object"`
		Step   uint64     `json:"step"`
		Since  *time.Time `json:"since,omitempty"`
		Holds  []jsonHeld `json:"holds"`
		Waits  []waits    `json:"waitsFor"`
	}
	type edge struct {
		From   TaskName   `json:"from"`
		Object jsonObject `json:"object"`
		Why    string     `json:"why"`
		To     TaskName   `json:"to"`
	}
	v := struct {
		Partial bool       `json:"partial"`
		Cause   string     `json:"cause,omitempty"`
		Step    uint64     `json:"step"`
		At      time.Time  `json:"at"`
		Age     int64      `json:"age"`
		Tasks   []sleeper  `json:"tasks"`
		Running []TaskName `json:"running,omitempty"`
		Cycle   []edge     `json:"cycle,omitempty"`
	}{Partial: h.Partial, Step: h.Step, At: h.At, Age: int64(h.Age), Tasks: []sleeper{}, Running: h.Running}
	if h.Cause != nil {
		v.Cause = h.Cause.Error()
	}
	for _, s := range h.Tasks {
		z := sleeper{TaskName: s.TaskName, Op: s.Op.String(), Object: objectJSON(s.Object), Step: s.Step, Holds: heldJSON(s.Holds), Waits: []waits{}}
		if !s.Since.IsZero() {
			z.Since = &s.Since
		}
		for _, x := range s.Waits {
			z.Waits = append(z.Waits, waits{x.For, x.Why.String()})
		}
		v.Tasks = append(v.Tasks, z)
	}
	for _, e := range h.Cycle {
		v.Cycle = append(v.Cycle, edge{e.From, objectJSON(e.Object), e.Why.String(), e.To})
	}
	return json.Marshal(v)
}

// MarshalJSON encodes the whole report.
func (v *Violation) MarshalJSON() ([]byte, error) {
	type place struct {
		Object jsonObject `json:"object"`
		Label  string     `json:"label,omitempty"`
		Site   []string   `json:"site,omitempty"`
	}
	type dependency struct {
		From   string   `json:"from"`
		To     string   `json:"to"`
		How    string   `json:"how"`
		Task   TaskName `json:"task"`
		Step   uint64   `json:"step"`
		First  place    `json:"first"`
		Second place    `json:"second"`
	}
	out := struct {
		Kind    string       `json:"kind"`
		Task    TaskName     `json:"task"`
		Step    uint64       `json:"step"`
		Object  jsonObject   `json:"object"`
		Class   string       `json:"class,omitempty"`
		Holds   []jsonHeld   `json:"holds"`
		Holders []TaskName   `json:"holders,omitempty"`
		Circle  []dependency `json:"circle,omitempty"`
		Site    []string     `json:"site,omitempty"`
		Times   int          `json:"times"`
	}{
		Kind: v.Kind.String(), Task: v.Task, Step: v.Step, Object: objectJSON(v.Object), Class: v.Class,
		Holds: heldJSON(v.Holds), Holders: v.Holders, Site: v.Site.Frames(), Times: v.Times,
	}
	at := func(p Place) place { return place{objectJSON(p.Object), p.Label, p.Site.Frames()} }
	for _, d := range v.Circle {
		out.Circle = append(out.Circle, dependency{d.From, d.To, d.How.String(), d.Task, d.Step, at(d.First), at(d.Second)})
	}
	return json.Marshal(out)
}
