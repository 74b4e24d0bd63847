package lesson

import (
	"net/http"
	"strings"

	"pilothandbook/handbook/version"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

// forward leads from the address of a lesson that the active version lacks to
// the lesson that it has become, or if it was retired, to the outline, which
// says so. Otherwise there is none: missing tells it.
func (e endpoint) forward(w http.ResponseWriter, r *http.Request, missing error) error {
	module := web.Param(r, "module")
	id, retired, err := version.Successor(r.Context(), e.db, module, web.Param(r, "lesson"))
	switch {
	case err != nil:
		return err
	case id != "":
		http.Redirect(w, r, strings.TrimSuffix(r.URL.Path, web.Param(r, "lesson"))+id, http.StatusMovedPermanently)
	case retired && web.WantsPage(r):
		http.Redirect(w, r, "/modules/"+module+"?retired", http.StatusMovedPermanently)
	case retired:
		return fault.New(fault.NotFound, "This lesson is no longer part of the module. /api/modules/%s lists those that are.", module)
	default:
		return missing
	}
	return nil
}
