package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
)

// A job is a pair of the grid.
type job struct {
	*question
	pair
}

// A sample is what one process has measured: the values of the line that a
// benchmark prints, by their units.
type sample map[string]float64

func (s sample) ns() float64 { return s["ns/op"] }

const (
	allocs   = "allocs/op"
	fairness = "max/min"
)

// module is where the benchmarks are.
const module = "github.com/floodgate-go/floodgate/bench"

// measureAll runs the jobs in turns: each turn goes through all of them, so that
// a bad minute of the machine spoils one turn of many pairs, and not one pair.
// If ctx ends it returns what there is, with the error. The report is nil if
// nothing could be measured at all.
func measureAll(ctx context.Context, jobs []job, count int, benchtime string, display io.Writer) (*report, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	bar := progressbar.NewOptions(2*count*len(jobs),
		progressbar.OptionSetWriter(display), progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetPredictTime(true))
	defer bar.Finish() // a display that fails harms nobody
	bar.Describe("compile")
	binary, err := compile(ctx, dir)
	if err != nil {
		return nil, err
	}
	one := func(ctx context.Context, name, impl string) (sample, error) {
		defer bar.Add(1)
		return measure(ctx, binary, name, impl, benchtime)
	}
	return measureWith(ctx, jobs, count, benchtime, one, func(j job) {
		bar.Describe(fmt.Sprintf("%-30s %-12s", j.name, j.rival))
	})
}

// measureWith is the order of things: ours, rival, ours, rival. It calls begin
// before each pair.
func measureWith(ctx context.Context, jobs []job, count int, benchtime string,
	one func(ctx context.Context, name, impl string) (sample, error), begin func(job)) (*report, error) {
	rep := newReport(jobs, benchtime)
	for range count {
		for i, j := range jobs {
			begin(j)
			ours, err := one(ctx, j.name, j.ours)
			if err != nil {
				return rep, err
			}
			rival, err := one(ctx, j.name, j.rival)
			if err != nil {
				return rep, err
			}
			rep.Results[i].add(ours, rival)
		}
	}
	return rep, nil
}

// compile builds the test binary in dir.
func compile(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "bench.test")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	out, err := exec.CommandContext(ctx, "go", "test", "-c", "-o", binary, module).CombinedOutput()
	switch err := cause(ctx, err); {
	case err == errInterrupted:
		return "", err
	case err != nil:
		return "", fmt.Errorf("go test -c: %w\n%s", err, out)
	}
	return binary, nil
}

// measure runs one sub-benchmark in a process of its own.
func measure(ctx context.Context, binary, name, impl, benchtime string) (sample, error) {
	full := "Benchmark" + name + "/impl=" + impl
	cmd := exec.CommandContext(ctx, binary, "-test.run", "^$", "-test.bench", only(full), "-test.benchtime", benchtime)
	out, err := cmd.CombinedOutput()
	switch err := cause(ctx, err); {
	case err == errInterrupted:
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%s: %w\n%s", full, err, out)
	}
	s, ok := parse(out)[full]
	if !ok || s.ns() <= 0 {
		return nil, fmt.Errorf("%s: no result in\n%s", full, out)
	}
	return s, nil
}

// cause is err, or why ctx has ended if that is what is behind it.
func cause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return errInterrupted
	}
	return err
}

var errInterrupted = errors.New("interrupted")

// only returns the -test.bench that selects the sub-benchmark of that name.
func only(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}

// parse finds the results in the output of a test binary, by name, without the
// number of processors that is appended to it.
func parse(out []byte) map[string]sample {
	results := map[string]sample{}
	for line := range bytes.Lines(out) {
		f := strings.Fields(string(line))
		if len(f) < 4 || len(f)%2 != 0 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		if _, err := strconv.Atoi(f[1]); err != nil {
			continue
		}
		s := sample{}
		for i := 2; i < len(f); i += 2 {
			v, err := strconv.ParseFloat(f[i], 64)
			if err != nil {
				s = nil
				break
			}
			s[f[i+1]] = v
		}
		if s != nil {
			results[trimProcs(f[0])] = s
		}
	}
	return results
}

// trimProcs takes the number of processors off the name of a benchmark. None is
// there if it is 1.
func trimProcs(name string) string {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return name
	}
	if n, err := strconv.Atoi(name[i+1:]); err != nil || n <= 0 {
		return name
	}
	return name[:i]
}
