package media

import (
	"encoding/base64"
	"net/http"

	"pilothandbook/handbook/blob"
	"pilothandbook/platform/web"
)

// sendLarge sends a large figure, or the part of it that is asked for, piece
// by piece: the reader may be slow.
func (e endpoint) sendLarge(w http.ResponseWriter, r *http.Request, p picture, keep bool) error {
	body := blob.Open(r.Context(), e.db, p.SHA256, p.Size)
	if _, err := body.ReadAt(make([]byte, 1), 0); err != nil {
		return err // later on it would be too late to say so
	}
	p.describe(w.Header(), keep)
	w.Header().Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(p.SHA256[:12])+`"`)
	web.Content(w, r, body)
	return nil
}
