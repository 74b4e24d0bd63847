package content

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/manuscript"
	"pilothandbook/handbook/mdx"
	"pilothandbook/handbook/version"
	"pilothandbook/platform/db"
	"pilothandbook/platform/queue"
	"pilothandbook/worker/optimise"
)

// images are the files of a module's images, by path: the first for every
// browser, then WebPs, narrowest first.
type images map[string][]version.Medium

// optimiseMediaAssets makes the files that readers get of the module's images.
// What was made of the same bytes before, for whichever version or module, is
// not made again; so a job that broke off goes on where it was.
func (j Jobs) optimiseMediaAssets(ctx context.Context, m *manuscript.Manuscript, f *folder) (images, error) {
	var originals []manuscript.File
	for _, file := range m.Files {
		if _, _, ok := m.Picture(file.Path); ok {
			originals = append(originals, file)
		}
	}
	known, err := j.renditions(ctx, originals)
	if err != nil {
		return nil, err
	}
	all, faults := images{}, []mdx.Fault(nil)
	for i, file := range originals {
		if known[file.SHA256] == nil {
			if err := queue.Say(ctx, "optimising image %d of %d", i+1, len(originals)); err != nil {
				return nil, err
			}
			made, err := j.optimise(ctx, file.Path, f)
			if damaged, ok := errors.AsType[optimise.Damaged](err); ok {
				faults = append(faults, mdx.Fault{File: file.Path, Text: damaged.Error()})
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("image %s: %w", file.Path, err)
			}
			if known[file.SHA256], err = j.keep(ctx, file, made); err != nil {
				return nil, err
			}
		}
		all[file.Path] = known[file.SHA256]
	}
	return all, refuse(faults)
}

// optimise makes the files of one image.
func (j Jobs) optimise(ctx context.Context, path string, f *folder) ([]optimise.File, error) {
	load := func() ([]byte, error) { return fs.ReadFile(f, path) }
	if kind, ok := manuscript.Raster(path); ok {
		return j.Images.Raster(ctx, kind, load)
	}
	src, err := load()
	if err != nil {
		return nil, err
	}
	drawing, err := optimise.Drawing(src)
	return []optimise.File{drawing}, err
}

// renditions returns what is there already of these images.
func (j Jobs) renditions(ctx context.Context, originals []manuscript.File) (map[[sha256.Size]byte][]version.Medium, error) {
	sums := make([][]byte, len(originals))
	for i, f := range originals {
		sums[i] = f.SHA256[:]
	}
	rows, err := j.DB.Query(ctx, `
		SELECT r.original, r.sha256, r.content_type, r.width, r.height, b.size
		FROM renditions r
		JOIN blobs b ON b.sha256 = r.sha256
		WHERE r.original = ANY($1) AND r.recipe = $2
		ORDER BY r.original, r.position`, sums, j.Images.Recipe())
	if err != nil {
		return nil, fmt.Errorf("renditions of %d images: %w", len(originals), err)
	}
	known := map[[sha256.Size]byte][]version.Medium{}
	var original, sum []byte
	var r version.Medium
	_, err = pgx.ForEachRow(rows, []any{&original, &sum, &r.ContentType, &r.Width, &r.Height, &r.Size}, func() error {
		r.SHA256 = [sha256.Size]byte(sum)
		known[[sha256.Size]byte(original)] = append(known[[sha256.Size]byte(original)], r)
		return nil
	})
	return known, err
}

// keep stores the files of an image. Of two workers that made them at the same
// time the first counts.
func (j Jobs) keep(ctx context.Context, original manuscript.File, made []optimise.File) ([]version.Medium, error) {
	err := db.Tx(ctx, j.DB, func(tx pgx.Tx) error {
		for i, f := range made {
			sum := sha256.Sum256(f.Body)
			_, err := tx.Exec(ctx, `
				INSERT INTO blobs (sha256, size, body)
				VALUES ($1, $2, $3)
				ON CONFLICT (sha256) DO NOTHING`, sum[:], len(f.Body), f.Body)
			if err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `
				INSERT INTO renditions (original, recipe, position, sha256, content_type, width, height)
				VALUES ($1, $2, $3, $4, $5, $6, $7)
				ON CONFLICT (original, recipe, position) DO NOTHING`,
				original.SHA256[:], j.Images.Recipe(), i, sum[:], f.ContentType, f.Width, f.Height)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("renditions of %s: %w", original.Path, err)
	}
	known, err := j.renditions(ctx, []manuscript.File{original})
	return known[original.SHA256], err
}

// sized tells a lesson of an image's files.
func (all images) sized(module, path string) mdx.Sized {
	made := all[path]
	plain := made[0]
	s := mdx.Sized{URL: plain.URL(module), Width: plain.Width, Height: plain.Height}
	for _, r := range made[1:] {
		s.WebP = append(s.WebP, mdx.Scaled{URL: r.URL(module), Width: r.Width})
	}
	return s
}

// media lists the files of a module's images. Those of one that a free lesson
// shows are free. The originals are not among them: who took them, and where,
// is nobody's business.
func (all images) media(m *manuscript.Manuscript, lessons []mdx.Lesson) []version.Medium {
	var list []version.Medium
	free := freeImages(m, lessons)
	for _, f := range m.Files {
		for i, r := range all[f.Path] {
			r.Path, r.Preview = f.Path, free[f.Path]
			if i > 0 {
				r.Path = fmt.Sprintf("%s.%d.webp", f.Path, r.Width)
			}
			list = append(list, r)
		}
	}
	return list
}

// freeImages are those that free lessons show or link to, on dark pages too.
func freeImages(m *manuscript.Manuscript, lessons []mdx.Lesson) map[string]bool {
	free := map[string]bool{}
	show := func(path string) {
		free[path] = true
		if dark, ok := m.Dark(path); ok {
			free[dark] = true
		}
	}
	for i, l := range lessons {
		if !m.Lessons[i].Preview {
			continue
		}
		for _, img := range l.Images {
			show(img.Path)
		}
		for _, link := range l.Links {
			show(link.Path)
		}
	}
	return free
}
