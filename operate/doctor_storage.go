package operate

import (
	"context"

	"pilothandbook/handbook/blob"
	"pilothandbook/worker/optimise"
)

// storage writes, reads and removes a blob, of which nothing stays, and tells
// how large all is.
func (d doctor) storage(ctx context.Context, f *findings) {
	if err := blob.Probe(ctx, d.DB); err != nil {
		f.add(bad, "storage", err.Error(), "see that PostgreSQL's disk has room, and that its user may write")
		return
	}
	var size, blobs string
	err := d.DB.QueryRow(ctx, `
		SELECT pg_size_pretty(pg_database_size(current_database())), pg_size_pretty(pg_total_relation_size('blobs'))`).Scan(&size, &blobs)
	if err != nil {
		f.add(warn, "storage", "PostgreSQL does not tell its size: "+err.Error(), "look at how full the volume of its disk is; a larger one is made before it is")
		return
	}
	f.add(ok, "storage", "a blob was written, read and removed; the database has "+size+", of which blobs are "+blobs+
		"; how much room its disk has left PostgreSQL does not tell: compare with the volume", "")
}

// images looks whether Cloudinary lets the worker in, where it has an account.
func (d doctor) images(ctx context.Context, f *findings) {
	c := d.worker
	if c.CloudinaryCloudName == "" {
		return
	}
	cloud, err := optimise.NewCloudinary(c.CloudinaryCloudName, c.CloudinaryAPIKey, c.CloudinaryAPISecret.Reveal(), d.way)
	if err == nil {
		err = cloud.Ping(ctx)
	}
	if err != nil {
		f.add(bad, "Cloudinary", err.Error(), "see that name, key and secret are those of one account; until then versions with new images are not made")
		return
	}
	f.add(ok, "Cloudinary", "it lets us in (nothing was sent)", "")
}
