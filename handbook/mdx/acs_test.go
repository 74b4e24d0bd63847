package mdx_test

import (
	"strings"
	"testing"

	"pilothandbook/handbook/mdx"
)

func TestCodes(t *testing.T) {
	t.Parallel()

	for code, want := range map[string]string{
		"PA.I.A.K1":     "",
		"PA.I.F.K2b":    "",
		"CA.I.B.K3a":    "",
		"IR.III.B.S8":   "",
		"IR.VI.B.S16":   "",
		"PA.I.F.K2a1":   "",
		"IR.III.B.K1a1": "",
		"IR.III.B.K2a1": "IR.III.B (Holding Procedures) has K1 to K1, and no K2a1; did you mean IR.III.B.K1?",
		"IR.III.B.R7":   "IR.III.B (Holding Procedures) has R1 to R4, and no R7; did you mean IR.III.B.R4?",
		"IR.III.B.K0":   "IR.III.B (Holding Procedures) has K1 to K1, and no K0; did you mean IR.III.B.K1?",
		"IR.III.C.S1":   "there is no task IR.III.C; its area has IR.III.A, IR.III.B",
		"IR.XIII.M.S1":  "there is no task IR.XIII.M; did you mean IR.III.A.S1?",
		"IR.I.Z.K1":     "there is no task IR.I.Z; its area has IR.I.A, IR.I.B, IR.I.C",
		"PA.XIII.A.K1":  "the private standard has no area XIII; the last one is XII",
		"PA.IIII.A.K1":  `"IIII" is no Roman number of an area, as in PA.IV.A.K1`,
		"XX.I.A.K1":     `"XX.I.A.K1" is of no standard that is known here; known are PA, CA, IR, AI`,
		"PA.1.A.K1":     `"PA.1.A.K1" is not a code of the ACS; write it as PA.I.F.K2b`,
		"PLT173":        `"PLT173" is not a code of the ACS; write it as PA.I.F.K2b`,
		"IR.I.A.K1.K2a": `"IR.I.A.K1.K2a" is not a code of the ACS`,
	} {
		src := "---\ntitle: T\nsummary: S\ndate: 2026-03-31\nacs: [" + code + "]\n---\na\n"
		got, faults := mdx.Scan("x.mdx", []byte(src), files)
		switch {
		case want == "" && (len(faults) > 0 || len(got.ACS) != 1):
			t.Errorf("%s: %s", code, text(faults))
		case want != "" && !strings.HasPrefix(text(faults), "x.mdx:5:7: "+want):
			t.Errorf("%s: got %q, want %q", code, text(faults), want)
		}
	}
}
