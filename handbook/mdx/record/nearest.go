package record

// Nearest is the one of among that word most likely is a slip of, else "".
func Nearest(word string, among []string) string {
	best, least := "", 3
	for _, candidate := range among {
		if d := distance(word, candidate); d < least && d*2 < max(len(word), len(candidate)) {
			best, least = candidate, d
		}
	}
	return best
}

// distance counts the letters to add, drop or replace (Levenshtein). Long
// words are not compared: no field, code or file an author mistypes has 64.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
