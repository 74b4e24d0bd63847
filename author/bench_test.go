package author_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// maxCheck is how long an author may wait for the check of a large module.
const maxCheck = 2 * time.Second

// BenchmarkCheck checks a module of 200 lessons, all different and of the
// length of one that ships: the whole command, with the start of the program.
func BenchmarkCheck(b *testing.B) {
	bin, dir := filepath.Join(b.TempDir(), "handbook"), large(b, 200)
	build := exec.CommandContext(b.Context(), "go", "build", "-tags", "production,nodynamic", "-trimpath", "-o", bin, "pilothandbook")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	var cpu time.Duration
	for b.Loop() {
		c := exec.CommandContext(b.Context(), bin, "publish", "--check", dir)
		if out, err := c.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		cpu += c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	}
	b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
	if took := b.Elapsed() / time.Duration(b.N); took > maxCheck {
		b.Errorf("the check takes %v, want %v at most", took.Round(time.Millisecond), maxCheck)
	}
}

// large is a folder of that many lessons, each made of one that ships.
func large(tb testing.TB, lessons int) string {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "large")
	if err := os.CopyFS(dir, os.DirFS("../content/instrument")); err != nil {
		tb.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "lessons", "holding.mdx"))
	if err != nil {
		tb.Fatal(err)
	}
	var list strings.Builder
	for i := range lessons {
		name := fmt.Sprintf("lessons/copy-%d.mdx", i)
		fmt.Fprintf(&list, "  - {id: copy-%d, file: %s}\n", i, name)
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(string(text)+distinct(i)), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	f, err := os.OpenFile(filepath.Join(dir, "module.yaml"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(list.String()); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// distinct is what no other lesson of the folder has: formulas, code and a
// table.
func distinct(i int) string {
	return fmt.Sprintf(`
## Worked example %[1]d

At a weight of %[2]d pounds, $V_A = 113\sqrt{\frac{%[2]d}{2550}}$ knots, and a turn at $\phi = %.1[3]f°$ loads the wing by $n = \frac{1}{\cos %.1[3]f°}$.

`+"```"+`python title="example_%[1]d.py"
import math

def maneuvering(weight=%[2]d, gross=2550):
    """Return the speed for example %[1]d in knots."""
    return 113 * math.sqrt(weight / gross)

for bank in range(0, 60, 5):  # to %.1[3]f degrees
    print(f"{bank:>3} {1 / math.cos(math.radians(bank)):.2f} {maneuvering():.0f}")
`+"```"+`

| Weight | Speed | Bank |
| ---: | ---: | :--- |
| %[2]d | %[4]d | %.1[3]f degrees |
| %[4]d | %[1]d | none |
`, i, 1600+i, 10+0.2*float64(i), 80+i)
}
