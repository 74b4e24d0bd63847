package attention

// Queries returns what is asked, by name.
func Queries() map[string]string {
	all := map[string]string{}
	for _, q := range questions() {
		all[q.name] = q.query
	}
	return all
}
