// Package floors holds the test that keeps the house in order: a package
// imports only what stands below it, and the core needs nothing but the
// standard library.
package floors

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/floodgate-go/floodgate"

// floors lists what each package may import of this module, lowest first. A
// package not listed here fails the test: give it its place.
var floors = map[string][]string{
	"sched":             {},
	"refcount":          {"sched"},
	"waitq":             {"sched"},
	"sem":               {"sched"},
	"lockdep":           {"sched"},
	"internal/announce": {"sched"},

	"":        {"sched", "waitq", "sem", "internal/announce"},
	"explore": {"sched", "refcount", ""},

	"provider/std":      {"sched", "waitq", "sem", "", "internal/announce"},
	"provider/xsync":    {"sched", "waitq", "sem", "", "internal/announce"},
	"provider/deadlock": {"sched", "waitq", "sem", "", "internal/announce"},

	"vfs":          {"sched", "waitq", "sem", "refcount", ""},
	"devfs/lookup": {"sched", "waitq", "sem", "refcount", "", "vfs"},
	"devfs":        {"sched", "waitq", "sem", "refcount", "", "vfs", "devfs/lookup"},

	"devfs/invariant": {"sched", "refcount", "explore", "vfs", "devfs/lookup", "devfs"},
}

// core needs the standard library only.
var core = []string{"sched", "waitq", "sem", "refcount", "explore", "lockdep", "", "vfs", "devfs", "devfs/lookup"}

// roof may import anything below: programs and what they share.
var roof = []string{"scenario", "cmd/", "bench", "internal/cmd/", "internal/floors", "provider/providertest"}

type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
	Module     *struct{ Main bool }
	Standard   bool
}

func list(t *testing.T, args ...string) (pkgs []listed) {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,Deps,Module,Standard"}, args...)...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	for in := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := in.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

// short returns the path inside the module, and whether there is one.
func short(path string) (string, bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}

func onRoof(pkg string) bool {
	return slices.ContainsFunc(roof, func(prefix string) bool {
		return pkg == prefix || strings.HasPrefix(pkg, strings.TrimSuffix(prefix, "/")+"/")
	})
}

func allowed(from, to string) bool {
	return slices.ContainsFunc(floors[from], func(ok string) bool {
		prefix, below := strings.CutSuffix(ok, "...")
		return to == ok || below && strings.HasPrefix(to, prefix)
	})
}

func TestEachPackageImportsOnlyWhatLiesBelow(t *testing.T) {
	for _, p := range list(t, module+"/...") {
		from, _ := short(p.ImportPath)
		if onRoof(from) {
			continue
		}
		if _, ok := floors[from]; !ok {
			t.Errorf("package %q has no floor", from)
		}
		for _, imp := range p.Imports {
			if to, ours := short(imp); ours && !allowed(from, to) {
				t.Errorf("%q imports %q, which does not lie below it", from, to)
			}
		}
	}
}

func TestTheCoreNeedsOnlyTheStandardLibrary(t *testing.T) {
	foreign := map[string]bool{}
	for _, p := range list(t, "-deps", module+"/...") {
		if _, ours := short(p.ImportPath); !ours && !p.Standard {
			foreign[p.ImportPath] = true
		}
	}
	if len(foreign) == 0 {
		t.Fatal("no foreign package found anywhere: the test does not see what it looks for")
	}
	for _, p := range list(t, module+"/...") {
		pkg, _ := short(p.ImportPath)
		if !slices.Contains(core, pkg) {
			continue
		}
		for _, dep := range p.Deps {
			if foreign[dep] {
				t.Errorf("%q needs %s", pkg, dep)
			}
		}
	}
}
