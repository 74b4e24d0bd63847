package bundle

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"pilothandbook/handbook/mdx"
	"pilothandbook/handbook/mdx/record"
)

// space is where the bundler finds the files: none is on the disk.
const space = "module"

// serve gives the bundler the files, and nothing else.
func (files Files) serve(build api.PluginBuild) {
	build.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
		file, problem := files.find(a.Path, a.Importer)
		if problem != "" {
			return api.OnResolveResult{Errors: []api.Message{{Text: problem}}}, nil
		}
		return api.OnResolveResult{Path: file, Namespace: space}, nil
	})
	build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: space}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
		text := string(files[a.Path])
		return api.OnLoadResult{Contents: &text, Loader: api.LoaderTS}, nil
	})
}

// find returns the file that an import of another one leads to, or what is
// wrong with it.
func (files Files) find(address, importer string) (file, problem string) {
	if !strings.HasPrefix(address, "./") && !strings.HasPrefix(address, "../") {
		return "", fmt.Sprintf("%q is no file of the module; copy what is needed into a folder of components/ and import it as \"./…\"", address)
	}
	file = path.Join(path.Dir(importer), address)
	if !strings.HasPrefix(file, "components/") {
		return "", fmt.Sprintf("%q leaves the folder components/; copy the file into it", address)
	}
	for _, name := range []string{file, file + ".ts"} {
		if _, ok := files[name]; ok {
			return name, ""
		}
	}
	file = strings.TrimSuffix(file, ".ts") + ".ts"
	if near := record.Nearest(file, slices.Sorted(maps.Keys(files))); near != "" {
		return "", fmt.Sprintf("there is no file %s; did you mean %s?", file, near)
	}
	return "", fmt.Sprintf("there is no file %s; add it, or correct the path", file)
}

// definition is how a compiled component defines an element.
var definition = regexp.MustCompile("\\bcustomElements\\.define\\(\\s*[\"'`]([^\"'`]*)[\"'`]")

// defined is what is wrong with the elements that a component defines.
func defined(script []byte, element string) string {
	found := false
	for _, m := range definition.FindAllSubmatch(script, -1) {
		name := string(m[1])
		if !strings.HasPrefix(name, mdx.OwnPrefix) {
			return fmt.Sprintf("it defines the element %q, which is not the module's; begin its name with %s", name, mdx.OwnPrefix)
		}
		found = found || name == element
	}
	if !found {
		return fmt.Sprintf("it does not define its element; add customElements.define(%q, …) with the element's class", element)
	}
	return ""
}
