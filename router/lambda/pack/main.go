// Command pack builds functions for AWS Lambda (runtime provided.al2023).
//
//	go run ./router/lambda/pack stripehook   makes bin/stripehook-arm64.zip and bin/stripehook-amd64.zip
//
// A function without a lambda folder of its own gets the same main as
// stripehook has. The same sources make the same bytes.
package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// entry is what serves a function as an AWS Lambda function.
const entry = `// Command lambda is one endpoint alone, as an AWS Lambda function.
package main

import (
	"pilothandbook/functions/%[1]s"
	"pilothandbook/router/lambda"
)

func main() { lambda.Serve(%[1]s.Routes) }
`

func main() {
	out := flag.String("o", "bin", "the folder for the archives")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: go run ./router/lambda/pack [-o FOLDER] FUNCTION...")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	for _, function := range flag.Args() {
		for _, arch := range []string{"arm64", "amd64"} {
			file, err := pack(function, arch, *out)
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			fmt.Println(file)
		}
	}
}

// pack builds a function for an architecture and returns its archive.
func pack(function, arch, folder string) (file string, err error) {
	if _, err := os.Stat(filepath.Join("functions", function)); err != nil {
		return "", fmt.Errorf("there is no function %q: %w (run this where go.mod is)", function, err)
	}
	scratch, err := os.MkdirTemp("", "handbook-lambda-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	bin := filepath.Join(scratch, "bootstrap")
	overlay, err := missing(function, scratch)
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-overlay", overlay, "-tags", "production,nodynamic,lambda.norpc", "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w", "-o", bin, "./functions/"+function+"/lambda")
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s for %s: %w\n%s", function, arch, err, said)
	}
	program, err := os.ReadFile(bin)
	if err != nil {
		return "", err
	}
	archive, err := archived(program)
	if err != nil {
		return "", err
	}
	file = filepath.Join(folder, function+"-"+arch+".zip")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	return file, os.WriteFile(file, archive, 0o644)
}

// missing returns an overlay for the build which has the main of a function
// that has none.
func missing(function, scratch string) (string, error) {
	at, err := filepath.Abs(filepath.Join("functions", function, "lambda", "main.go"))
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	if _, err := os.Stat(at); errors.Is(err, fs.ErrNotExist) {
		replace[at] = filepath.Join(scratch, "main.go")
		if err := os.WriteFile(replace[at], fmt.Appendf(nil, entry, function), 0o600); err != nil {
			return "", err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	file := filepath.Join(scratch, "overlay.json")
	return file, os.WriteFile(file, overlay, 0o600)
}

// archived returns the archive of a program, which AWS finds by its name.
func archived(program []byte) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, Modified: time.Unix(0, 0).UTC()}
	h.SetMode(0o755)
	w, err := z.CreateHeader(h)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(program); err != nil {
		return nil, err
	}
	err = z.Close()
	return b.Bytes(), err
}
