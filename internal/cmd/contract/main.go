// Command contract prints the properties that the primitives promise, each
// with the tests that cover it, and fails when one has none.
//
// The properties are the rows of docs/contract.md. A test covers a property
// when its name carries the number: TestQ13_CancelledWaiterPassesWakeOn, or
// TestF7F8_… for two at once.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

func main() {
	root := flag.String("C", ".", "root of the module")
	gaps := flag.Bool("gaps", false, "print only the properties without a test")
	flag.Parse()
	covered, err := run(*root, *gaps)
	if err != nil {
		fmt.Fprintln(os.Stderr, "contract:", err)
		os.Exit(2)
	}
	if !covered {
		os.Exit(1)
	}
}

type property struct {
	id, text string
	tests    []string
}

func run(root string, onlyGaps bool) (covered bool, err error) {
	props, err := properties(filepath.Join(root, "docs", "contract.md"))
	if err != nil {
		return false, err
	}
	byID := map[string]*property{}
	for _, p := range props {
		byID[p.id] = p
	}
	if err := findTests(root, func(id, name string) error {
		p, ok := byID[id]
		if !ok {
			return fmt.Errorf("%s names a property that docs/contract.md lacks: %s", name, id)
		}
		p.tests = append(p.tests, name)
		return nil
	}); err != nil {
		return false, err
	}

	t := table.NewWriter()
	t.SetOutputMirror(os.Stdout)
	t.AppendHeader(table.Row{"id", "property", "tests"})
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 2, WidthMax: 60, WidthMaxEnforcer: text.WrapSoft}, {Number: 3, WidthMax: 70}})
	missing := 0
	for _, p := range props {
		if len(p.tests) == 0 {
			missing++
			p.tests = []string{"none"}
		} else if onlyGaps {
			continue
		}
		slices.Sort(p.tests)
		t.AppendRow(table.Row{p.id, p.text, strings.Join(p.tests, "\n")})
	}
	t.Render()
	fmt.Printf("%d properties, %d without a test\n", len(props), missing)
	return missing == 0, nil
}

var row = regexp.MustCompile(`^\| ([A-Z]+\d+) \| (.+?) \|`)

// properties reads the rows of the contract, in order.
func properties(file string) ([]*property, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var props []*property
	seen := map[string]bool{}
	for in := bufio.NewScanner(f); in.Scan(); {
		m := row.FindStringSubmatch(in.Text())
		if m == nil {
			continue
		}
		if seen[m[1]] {
			return nil, fmt.Errorf("%s: %s stands twice", file, m[1])
		}
		seen[m[1]] = true
		props = append(props, &property{id: m[1], text: m[2]})
	}
	if len(props) == 0 {
		return nil, fmt.Errorf("%s: no properties found", file)
	}
	return props, nil
}

var (
	testName = regexp.MustCompile(`^Test((?:[A-Z]\d+)+)_`)
	testID   = regexp.MustCompile(`[A-Z]\d+`)
)

// findTests calls found for each property that the name of a test carries.
func findTests(root string, found func(id, test string) error) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Recv != nil {
				continue
			}
			m := testName.FindStringSubmatch(fn.Name.Name)
			if m == nil {
				continue
			}
			for _, id := range testID.FindAllString(m[1], -1) {
				if err := found(id, filepath.ToSlash(rel)+"."+fn.Name.Name); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
