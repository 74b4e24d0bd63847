package author

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"pilothandbook/handbook/compare"
	"pilothandbook/handbook/version"
)

// Versions prints what of a module is published, and what failed. If activate
// names a version, by its number or id, that one is activated instead; an older
// one is the roll back.
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
		Pending  []publicationJob  `json:"pending"`
	}
	if err := c.ask(ctx, http.MethodGet, path, nil, &found); err != nil {
		return err
	}
	if err := c.table(o.Out, found.Versions); err != nil {
		return err
	}
	for _, p := range found.Pending {
		fmt.Fprintf(o.Out, "\n%s, %s of %s: %s\n%s\n", p.Version, p.What, p.At.UTC().Format(time.DateTime), p.standing(), p.Text)
	}
	return nil
}

// publicationJob is how a handbook tells of a publication that is under way or
// has failed, or of what failed to be made of its version afterwards.
type publicationJob struct {
	Version string    `json:"version"`
	What    string    `json:"what"`
	Failed  bool      `json:"failed"`
	Text    string    `json:"text"`
	At      time.Time `json:"at"`
}

func (p publicationJob) standing() string {
	switch {
	case !p.Failed:
		return "under way"
	case p.What == "search index":
		return "failed, and searching does not find what is new"
	case p.What == "offline package":
		return "failed, and no device can keep it"
	}
	return "failed, and no version was made"
}

// Difference prints what differs between two versions of a module, named as
// 0.1.0..0.2.0, word by word.
func Difference(ctx context.Context, o Options, module, between string) error {
	c, err := dial(o)
	if err != nil {
		return err
	}
	from, to, ok := strings.Cut(between, "..")
	if !ok {
		return fmt.Errorf("%q does not name two versions; write them as 0.1.0..0.2.0", between)
	}
	var d struct {
		Lessons []compare.Lesson `json:"lessons"`
	}
	query := url.Values{"from": {from}, "to": {to}}.Encode()
	if err := c.ask(ctx, http.MethodGet, "/api/versions/"+url.PathEscape(module)+"/diff?"+query, nil, &d); err != nil {
		return err
	}
	if len(d.Lessons) == 0 {
		fmt.Fprintln(o.Out, "Readers see the same in both.")
	}
	for _, l := range d.Lessons {
		fmt.Fprintf(o.Out, "%s (%s): %s\n%s\n", l.ID, l.Title, strings.Join(l.What, ", "), compare.Print(l.Blocks))
	}
	return nil
}

// Reprocess makes a version again of its source with the handbook's present
// program; version is its number, or "" for the active one.
func Reprocess(ctx context.Context, o Options, module, number string) error {
	c, err := dial(o)
	if err != nil {
		return err
	}
	path := "/api/versions/" + url.PathEscape(module)
	if number == "" {
		var s version.Standing
		if err := c.ask(ctx, http.MethodGet, path+"/lessons", nil, &s); err != nil {
			return err
		}
		if number = s.Version; number == "" {
			return fmt.Errorf("no version of %s is active; name one with --version", module)
		}
	}
	var begun struct {
		URL string `json:"url"`
	}
	if err := c.ask(ctx, http.MethodPost, path, map[string]string{"reprocess": number}, &begun); err != nil {
		return err
	}
	done, err := c.follow(ctx, o.Out, begun.URL)
	switch {
	case err != nil:
		return err
	case done.Unchanged:
		fmt.Fprintf(o.Out, "Nothing new: %s %s is what the present program makes of it.\n", module, number)
	case done.Active:
		fmt.Fprintf(o.Out, "Made again: %s %s, revision %d, checksum %s. Readers have it now; nobody was mailed.\n", module, number, done.Revision, done.Checksum)
	default:
		fmt.Fprintf(o.Out, "Made again: %s %s, revision %d, checksum %s.\n", module, number, done.Revision, done.Checksum)
		fmt.Fprintf(o.Out, "Preview it: %s/previews/%s\nLet readers have it: handbook versions --activate %s %s\n", c.url, done.ID, number, module)
	}
	return nil
}

func (c *client) activate(ctx context.Context, out io.Writer, path, name string) error {
	var v struct {
		version.Version
		Lost []string `json:"lost"`
		Note string   `json:"note"`
	}
	err := c.ask(ctx, http.MethodPost, path, map[string]string{"activate": name}, &v)
	if err != nil {
		return err
	}
	for _, title := range v.Lost {
		fmt.Fprintf(out, "Readers no longer have the lesson %q.\n", title)
	}
	if v.Note != "" {
		fmt.Fprintln(out, v.Note)
	}
	_, err = fmt.Fprintf(out, "Active: %s %s, checksum %s.\nRead it: %s/modules/%s\n", v.Module, v.Version.Version, v.Checksum, c.url, v.Module)
	return err
}

// table prints versions, and where those that readers do not have can be seen.
func (c *client) table(out io.Writer, versions []version.Version) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "VERSION\tREVISION\tACTIVE\tPUBLISHED\tCHECKSUM\tID\tPREVIEW")
	for _, v := range versions {
		active, preview := "active", ""
		if !v.Active {
			active, preview = "", c.url+"/previews/"+v.ID.String()
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%.12s\t%s\t%s\n", v.Version, v.Revision, active, v.Released.UTC().Format(time.DateTime), v.Checksum, v.ID, preview)
	}
	return w.Flush()
}
