package main

import (
	"encoding/json"
	"io"
	"runtime"
	"slices"
)

// A report is everything that was measured.
type report struct {
	Go        string    `json:"go"`
	OS        string    `json:"os"`
	Arch      string    `json:"arch"`
	CPUs      int       `json:"cpus"`
	Benchtime string    `json:"benchtime"`
	Results   []*result `json:"results"`
}

// A result is what was measured of a pair. The samples at one index were taken
// right after each other.
type result struct {
	Bench string   `json:"bench"`
	Ours  string   `json:"ours"`
	Rival string   `json:"rival"`
	Our   []sample `json:"our_samples"`
	Their []sample `json:"rival_samples"`
	Ratio spread   `json:"ratio"`
	Aim   float64  `json:"aim,omitempty"`
	Met   *bool    `json:"met,omitempty"`

	about string
}

// A spread is the middle and the ends of some numbers.
type spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func newReport(jobs []job, benchtime string) *report {
	rep := &report{Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		CPUs: runtime.GOMAXPROCS(0), Benchtime: benchtime}
	for _, j := range jobs {
		rep.Results = append(rep.Results, &result{Bench: j.name, Ours: j.ours, Rival: j.rival, about: j.about})
	}
	return rep
}

// add adds a turn.
func (r *result) add(ours, rival sample) {
	r.Our, r.Their = append(r.Our, ours), append(r.Their, rival)
	var ratios []float64
	for i := range r.Our {
		ratios = append(ratios, r.Our[i].ns()/r.Their[i].ns())
	}
	r.Ratio = spreadOf(ratios)
	if a := r.aim(); a != nil {
		met := a.metBy(r)
		r.Aim, r.Met = a.most, &met
	}
}

func (r *result) aim() *aim { return aimOf(r.Bench, pair{r.Ours, r.Rival}) }

// asFair is how much less fair than the rival ours may be where an aim asks for
// equal fairness: shares are counts of a short run, which vary by some percent.
const asFair = 1.2

// metBy reports whether r reaches a: by the median.
func (a *aim) metBy(r *result) bool {
	return r.Ratio.Median <= a.most && (!a.fair || fairEnough(r))
}

// fairEnough reports whether ours was as fair as the rival, as far as the two
// measured it.
func fairEnough(r *result) bool {
	return median(values(r.Our, fairness)) <= asFair*median(values(r.Their, fairness))
}

// values returns one value of each sample that has it.
func values(samples []sample, unit string) (vs []float64) {
	for _, s := range samples {
		if v, ok := s[unit]; ok {
			vs = append(vs, v)
		}
	}
	return vs
}

// spreadOf returns the spread of vs, which must not be empty.
func spreadOf(vs []float64) spread {
	return spread{median(vs), slices.Min(vs), slices.Max(vs)}
}

// median returns the middle of vs, the mean of the two in the middle if their
// number is even, and 0 if there are none.
func median(vs []float64) float64 {
	if len(vs) == 0 {
		return 0
	}
	vs = slices.Sorted(slices.Values(vs))
	n := len(vs)
	return (vs[(n-1)/2] + vs[n/2]) / 2
}

// measured returns the results that have a turn: not all have if the run was
// interrupted.
func (rep *report) measured() []*result {
	return slices.DeleteFunc(slices.Clone(rep.Results), func(r *result) bool { return len(r.Our) == 0 })
}

func writeJSON(w io.Writer, rep *report) error {
	shown := *rep
	shown.Results = rep.measured()
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(&shown)
}
