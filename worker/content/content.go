// Package content makes versions of what authors upload. The job
// process-module reads a source, holds it to the same gate as the publisher
// did, renders it, and writes all of the version in one transaction: there is
// a whole version, or none.
package content

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/bundle"
	"pilothandbook/handbook/job"
	"pilothandbook/handbook/seal"
	"pilothandbook/handbook/source"
	"pilothandbook/handbook/version"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/queue"
	"pilothandbook/worker/optimise"
)

// Jobs are the jobs of this package.
type Jobs struct {
	DB      *db.Pool
	Keyring *seal.Keyring
	Images  optimise.Maker

	Compiler bundle.Compiler // of modules' own components
}

// result is what is told of a finished job.
type result struct {
	ModuleID       string    `json:"moduleId"`
	Processed      bool      `json:"processed"`
	Size           int64     `json:"size"`
	ComponentCount int       `json:"componentCount"`
	VersionID      uuid.UUID `json:"versionId"`
	Version        string    `json:"version"`
	Revision       int       `json:"revision"`
	Checksum       string    `json:"checksum"`
	Active         bool      `json:"active"`
	Unchanged      bool      `json:"unchanged,omitempty"` // it was there before
}

// ProcessModule makes a version of a source. The same source gives the same
// version, however often it runs.
func (j Jobs) ProcessModule(ctx context.Context, a job.ProcessModule) error {
	s, err := source.Load(ctx, j.DB, a.Source)
	if errors.Is(err, source.ErrUnknown) {
		return queue.Permanent(err)
	}
	if err != nil {
		return err
	}
	return j.processContent(ctx, s, a)
}

// processContent has the steps that turn a source into a version.
func (j Jobs) processContent(ctx context.Context, s source.Source, a job.ProcessModule) error {
	f := newFolder(ctx, j.DB, s.Files)
	m, err := j.read(ctx, s, f, a.Again)
	if err != nil {
		return err
	}
	made, err := j.optimiseMediaAssets(ctx, m, f)
	if err != nil {
		return err
	}
	lessons, err := render(ctx, m, f, made)
	if err != nil {
		return err
	}
	p := publication(s, m, lessons, slices.Concat(made.media(m, lessons), scripts(m, lessons)))
	if p.Again = a.Again; a.By != uuid.Nil {
		s.Author = a.By
	}
	return j.insert(ctx, p, a.Activate, s.Author)
}

// insert writes everything, and ends the job with it.
func (j Jobs) insert(ctx context.Context, p version.Publication, activate bool, by uuid.UUID) error {
	if err := queue.Say(ctx, "storing %d lessons and %d files", len(p.Lessons), len(p.Media)); err != nil {
		return err
	}
	return db.Tx(ctx, j.DB, func(tx pgx.Tx) error {
		newest, active, err := version.Revisions(ctx, tx, p.Module, p.Version.Version)
		if err != nil {
			return err
		}
		v, err := version.Insert(ctx, tx, p)
		if fault.Is(err, fault.Conflict) {
			return queue.Permanent(err)
		}
		if err != nil {
			return err
		}
		for _, next := range []queue.Args{job.UpdateSearchIndex{Version: v.ID}, job.GenerateOfflinePackage{Version: v.ID}} {
			if _, err := queue.Add(ctx, tx, next); err != nil {
				return err
			}
		}
		fresh := v.Revision > newest
		activate = activate || active && fresh // what readers have is replaced
		if activate {
			if err := version.Activate(ctx, tx, v.ID, by); err != nil {
				return err
			}
		}
		return queue.Finish(ctx, tx, result{
			ModuleID: v.Module, Processed: true, Size: p.Size, ComponentCount: p.Components,
			VersionID: v.ID, Version: v.Version, Revision: v.Revision, Checksum: v.Checksum, Active: v.Active || activate, Unchanged: !fresh,
		})
	})
}
