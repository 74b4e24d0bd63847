package upload

import (
	"io/fs"
	"path"
	"regexp"
	"strconv"

	"pilothandbook/handbook/source"
	"pilothandbook/platform/fault"
)

const (
	maxFiles = 5_000
	maxFile  = 20 << 20
	maxSize  = 200 << 20
	maxPath  = 200
	maxBody  = 2 << 20 // takes maxFiles with the longest paths
)

var (
	keyShape     = regexp.MustCompile(`^[a-z][a-z0-9_]{0,49}$`)
	versionShape = regexp.MustCompile(`^[0-9A-Za-z.-]{1,50}$`)
	sumShape     = regexp.MustCompile(`^[0-9a-f]{64}$`)
	// pathShape leaves out what a URL, a shell or Windows reads otherwise.
	pathShape = regexp.MustCompile(`^[A-Za-z0-9_./-]+$`)
)

// upload is a module's folder as it is announced.
type upload struct {
	Module   string        `json:"module"`
	Version  string        `json:"version"`
	Files    []source.File `json:"files"`
	Activate bool          `json:"activate"`
}

func (u upload) source() source.Source {
	return source.Source{Module: u.Module, Version: u.Version, Files: u.Files}
}

// check looks at the shape alone: what the files say is the job's to judge.
func (u upload) check() error {
	switch {
	case !keyShape.MatchString(u.Module):
		return fault.In("module", "%q is not the key of a module; write it as its module.yaml does, such as instrument.", u.Module)
	case !versionShape.MatchString(u.Version):
		return fault.In("version", "%q is not a version; write three numbers, as 1.4.0.", u.Version)
	case len(u.Files) == 0:
		return fault.In("files", "The upload has no files. List those of the module's folder, with module.yaml.")
	case len(u.Files) > maxFiles:
		return fault.In("files", "The upload has %d files; %d is the most. Leave out those that no lesson shows.", len(u.Files), maxFiles)
	}
	return u.checkFiles()
}

func (u upload) checkFiles() error {
	files, folders := map[string]bool{}, map[string]bool{}
	var size int64
	for i, f := range u.Files {
		if err := checkFile("files."+strconv.Itoa(i), f); err != nil {
			return err
		}
		if files[f.Path] {
			return fault.In("files", "%s is listed twice.", f.Path)
		}
		files[f.Path] = true
		for d := path.Dir(f.Path); d != "."; d = path.Dir(d) {
			folders[d] = true
		}
		if size += f.Size; size > maxSize {
			return fault.New(fault.TooLarge, "The files have over %d MiB together. Make the images smaller.", maxSize>>20)
		}
	}
	for f := range files {
		if folders[f] {
			return fault.In("files", "%s is listed as a file and as a folder.", f)
		}
	}
	return nil
}

func checkFile(field string, f source.File) error {
	switch {
	case len(f.Path) > maxPath || !fs.ValidPath(f.Path) || f.Path == "." || !pathShape.MatchString(f.Path):
		return fault.In(field+".path", "%.80q is not a path from the module's folder, as lessons/name.mdx.", f.Path)
	case !sumShape.MatchString(f.SHA256):
		return fault.In(field+".sha256", "The SHA-256 of %s must be 64 lower-case hexadecimal digits.", f.Path)
	case f.Size < 0 || f.Size > maxFile:
		return fault.In(field+".size", "%s has %d bytes; a file has %d at most.", f.Path, f.Size, maxFile)
	}
	return nil
}
