package author

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"

	"pilothandbook/handbook/version"
)

// Versions prints what of a module is published. If activate names a version,
// by its number or id, that one is activated instead.
func Versions(ctx context.Context, o Options, module, activate string) error {
	c, err := dial(o)
	if err != nil {
		return err
	}
	path := "/api/versions/" + url.PathEscape(module)
	if activate != "" {
		return c.activate(ctx, o.Out, path, activate)
	}
	var found struct {
		Versions []version.Version `json:"versions"`
	}
	if err := c.ask(ctx, http.MethodGet, path, nil, &found); err != nil {
		return err
	}
	return table(o.Out, found.Versions)
}

func (c *client) activate(ctx context.Context, out io.Writer, path, name string) error {
	var v version.Version
	err := c.ask(ctx, http.MethodPost, path, map[string]string{"activate": name}, &v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Active: %s %s, checksum %s.\nRead it: %s/modules/%s\n", v.Module, v.Version, v.Checksum, c.url, v.Module)
	return err
}

func table(out io.Writer, versions []version.Version) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "VERSION\tREVISION\tACTIVE\tPUBLISHED\tCHECKSUM\tID")
	for _, v := range versions {
		active := ""
		if v.Active {
			active = "active"
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%.12s\t%s\n", v.Version, v.Revision, active, v.Released.UTC().Format(time.DateTime), v.Checksum, v.ID)
	}
	return w.Flush()
}
