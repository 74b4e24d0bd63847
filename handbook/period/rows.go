package period

// Which rows are within a period, for a figure and for the page with the rows
// behind it alike. Args are their first arguments.
const (
	// Sold chooses lines of the ledger.
	Sold = `at >= $1 AND at < $2 AND ($3 = '' OR module_type = $3)`
	// Begun chooses checkouts.
	Begun = `created_at >= $1 AND created_at < $2 AND ($3 = '' OR module_type = $3)`
	// Active chooses study_events, whose users were reading.
	Active = `at >= $1 AND at < $2 AND ($3 = '' OR lesson_id IN (SELECT lesson_id FROM lesson_ids WHERE module_key = $3))`
	// Finished chooses what was studied of lessons that were finished.
	Finished = `completed_at >= $1 AND completed_at < $2 AND ($3 = '' OR module_key = $3)`
	// Left chooses what was studied of lessons that were left.
	Left = `NOT completed AND last_access >= $1 AND last_access < $2 AND ($3 = '' OR module_key = $3)`
)

// Args are the first day, the midnight at which all is over, and the module.
func (p Period) Args() []any { return []any{p.First, p.End(), p.Module} }

// Title is the title of the lesson r.lesson_id: the one that readers have, else
// the last that they had, else its id.
const Title = `coalesce((
				SELECT l.title
				FROM lessons l
				JOIN content_versions v ON v.id = l.version_id
				WHERE l.lesson_id = r.lesson_id
				ORDER BY v.is_active DESC, v.release_date DESC
				LIMIT 1), r.lesson_id)`
