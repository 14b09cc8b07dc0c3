// Command mutants breaks the library on purpose, one way at a time, and shows
// that the tests notice.
//
// A mutant is a patch under internal/mutants/DIR; DIR names the package whose
// tests must fail. Lines before the first "---" say what the patch breaks; a
// line "test: ARGS" there replaces the default arguments of go test. The patch
// is applied to a scratch copy, never to the tree.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/schollz/progressbar/v3"
)

func main() {
	root := flag.String("C", ".", "root of the module")
	match := flag.String("run", "", "only mutants whose path matches this regular expression")
	limit := flag.Duration("timeout", 2*time.Minute, "a mutant whose tests run longer than this is killed, too")
	verbose := flag.Bool("v", false, "print what the tests of each mutant said")
	flag.Parse()
	survivors, err := run(*root, *match, *limit, *verbose)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(2)
	}
	if survivors > 0 {
		os.Exit(1)
	}
}

type mutant struct {
	name  string // DIR/FILE without .patch
	patch string
	says  string
	args  []string // of go test
}

func run(root, match string, limit time.Duration, verbose bool) (survivors int, err error) {
	mutants, err := load(root, match)
	if err != nil {
		return 0, err
	}
	scratch, err := copyTree(root)
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(scratch)

	t := table.NewWriter()
	t.SetOutputMirror(os.Stdout)
	t.AppendHeader(table.Row{"mutant", "what is broken", "verdict", "by", "seconds"})
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 2, WidthMax: 60, WidthMaxEnforcer: text.WrapSoft}, {Number: 4, WidthMax: 50}})
	bar := progressbar.NewOptions(len(mutants), progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetDescription("mutants"), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
	for _, m := range mutants {
		start := time.Now()
		verdict, by, out, err := try(scratch, m, limit)
		if err != nil {
			return 0, fmt.Errorf("%s: %w\n%s", m.name, err, out)
		}
		if verdict == survived {
			survivors++
		}
		if verbose {
			fmt.Fprintf(os.Stderr, "--- %s\n%s", m.name, out)
		}
		t.AppendRow(table.Row{m.name, m.says, verdict, by, fmt.Sprintf("%.1f", time.Since(start).Seconds())})
		if err := bar.Add(1); err != nil {
			return 0, err
		}
	}
	t.Render()
	fmt.Printf("%d mutants, %d killed, %d survived\n", len(mutants), len(mutants)-survivors, survivors)
	return survivors, nil
}

const (
	killed   = "killed"
	survived = "SURVIVED"
)

var failed = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// try applies m to the scratch copy, runs the tests and takes m back.
func try(scratch string, m mutant, limit time.Duration) (verdict, by string, out []byte, err error) {
	if out, err := patch(scratch, m.patch); err != nil {
		return "", "", out, fmt.Errorf("the patch does not apply: %w", err)
	}
	defer func() {
		if out2, err2 := patch(scratch, m.patch, "-R"); err2 != nil {
			err = errors.Join(err, fmt.Errorf("the patch can not be taken back: %w: %s", err2, out2))
		}
	}()
	if out, err := command(context.Background(), scratch, "go", append([]string{"vet"}, packages(m.args)...)...); err != nil {
		return "", "", out, fmt.Errorf("the mutant does not build: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	out, err = command(ctx, scratch, "go", append([]string{"test", "-count=1", "-failfast"}, m.args...)...)
	switch {
	case ctx.Err() != nil:
		return killed, "time-out", out, nil
	case err == nil:
		return survived, "", out, nil
	}
	if name := failed.FindSubmatch(out); name != nil {
		return killed, string(name[1]), out, nil
	}
	return killed, "crash", out, nil
}

func patch(dir, file string, args ...string) ([]byte, error) {
	return command(context.Background(), dir, "git", append(append([]string{"apply", "--whitespace=nowarn"}, args...), file)...)
}

func packages(args []string) (pkgs []string) {
	for _, a := range args {
		if strings.HasPrefix(a, "./") {
			pkgs = append(pkgs, a)
		}
	}
	return pkgs
}

func command(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.WaitDelay = 5 * time.Second
	return cmd.CombinedOutput()
}

// load reads the patches.
func load(root, match string) ([]mutant, error) {
	re, err := regexp.Compile(match)
	if err != nil {
		return nil, err
	}
	base := filepath.Join(root, "internal", "mutants")
	var list []mutant
	err = filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".patch") {
			return err
		}
		rel, err := filepath.Rel(base, path)
		if err != nil {
			return err
		}
		m := mutant{name: strings.TrimSuffix(filepath.ToSlash(rel), ".patch")}
		if !re.MatchString(m.name) {
			return nil
		}
		if m.patch, err = filepath.Abs(path); err != nil {
			return err
		}
		m.args = []string{"./" + filepath.ToSlash(filepath.Dir(rel)) + "/"}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		m.says, m.args = header(text, m.args)
		list = append(list, m)
		return nil
	})
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("no mutant matches %q", match)
	}
	return list, err
}

// header reads what stands before the patch proper.
func header(text []byte, args []string) (says string, testArgs []string) {
	var words []string
	for in := bufio.NewScanner(bytes.NewReader(text)); in.Scan(); {
		line := in.Text()
		if strings.HasPrefix(line, "--- ") || strings.HasPrefix(line, "diff ") {
			break
		}
		line = strings.TrimSpace(strings.TrimPrefix(line, "#"))
		if a, ok := strings.CutPrefix(line, "test: "); ok {
			args = strings.Fields(a)
			continue
		}
		words = append(words, line)
	}
	return strings.TrimSpace(strings.Join(words, " ")), args
}

// copyTree copies what git knows of the tree, and what it does not ignore.
func copyTree(root string) (string, error) {
	scratch, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return "", err
	}
	list, err := exec.Command("git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return "", fmt.Errorf("git ls-files: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(list), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(root, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, not yet committed
		}
		if err != nil {
			return "", err
		}
		to := filepath.Join(scratch, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(to, text, 0o644); err != nil {
			return "", err
		}
	}
	return scratch, nil
}
