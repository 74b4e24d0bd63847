package mdx

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pilothandbook/handbook/mdx/record"
)

// A code of the Airman Certification Standards is STANDARD.AREA.TASK.ELEMENT,
// such as PA.I.F.K2b: an element of knowledge (K), risk management (R) or skill
// (S), perhaps a part of it. What is known of them here, and no more than that
// is checked:
//
//   - the prefixes of the standards that the handbook teaches or leads to;
//   - that the private standard has twelve areas, from its plan of the
//     knowledge test (FAA-S-ACS-6);
//   - tasks of the instrument standard, with the number of their elements, from
//     an edition before FAA-S-ACS-8C.
var standards = []string{"PA", "CA", "IR", "AI"}

// privateAreas is how many areas the private standard has.
const privateAreas = 12

// task is one of the instrument standard.
type task struct {
	code, name              string
	knowledge, risks, skill int // how many elements
}

func instrumentTasks() []task {
	return []task{
		{"IR.I.A", "Pilot Qualifications", 3, 4, 1},
		{"IR.I.B", "Weather Information", 4, 2, 4},
		{"IR.I.C", "Cross-Country Flight Planning", 5, 7, 6},
		{"IR.II.A", "Airplane Systems Related to IFR Operations", 1, 2, 1},
		{"IR.II.B", "Airplane Flight Instruments and Navigation Equipment", 2, 5, 1},
		{"IR.II.C", "Instrument Flight Deck Check", 3, 2, 1},
		{"IR.III.A", "Compliance with Air Traffic Control Clearances", 3, 4, 7},
		{"IR.III.B", "Holding Procedures", 1, 4, 8},
		{"IR.IV.A", "Instrument Flight", 3, 3, 2},
		{"IR.IV.B", "Recovery from Unusual Flight Attitudes", 2, 3, 1},
		{"IR.V.A", "Intercepting and Tracking Navigational Systems and Arcs", 2, 3, 9},
		{"IR.V.B", "Departure, En Route, and Arrival Operations", 2, 3, 10},
		{"IR.VI.A", "Nonprecision Approach", 4, 7, 14},
		{"IR.VI.B", "Precision Approach", 4, 7, 16},
		{"IR.VI.C", "Missed Approach", 1, 5, 10},
		{"IR.VI.D", "Circling Approach", 1, 7, 8},
		{"IR.VI.E", "Landing from an Instrument Approach", 2, 3, 5},
		{"IR.VII.A", "Loss of Communications", 1, 2, 4},
		{"IR.VII.B", "One Engine Inoperative (Simulated) during Straight-and-Level", 1, 5, 11},
		{"IR.VII.C", "Instrument Approach and Landing with an Inoperative Engine", 1, 6, 13},
		{"IR.VII.D", "Approach with Loss of Primary Flight Instrument Indicators", 2, 3, 3},
		{"IR.VIII.A", "Checking Instruments and Equipment", 1, 1, 1},
	}
}

// impossible says why no element has a code, and what may be meant; it is
// empty for all others.
func impossible(code string) string {
	if !acsCode.MatchString(code) {
		return fmt.Sprintf("%q is not a code of the ACS; write it as PA.I.F.K2b", code)
	}
	parts := strings.Split(code, ".")
	standard, area, task, element := parts[0], number(parts[1]), parts[0]+"."+parts[1]+"."+parts[2], parts[3]
	switch {
	case !slices.Contains(standards, standard):
		return fmt.Sprintf("%q is of no standard that is known here; known are %s", code, strings.Join(standards, ", "))
	case area == 0:
		return fmt.Sprintf("%q is no Roman number of an area, as in %s.IV.A.K1", parts[1], standard)
	case standard == "PA" && area > privateAreas:
		return fmt.Sprintf("the private standard has no area %s; the last one is %s", parts[1], roman(privateAreas))
	case standard == "IR":
		return noInstrument(code, task, element)
	}
	return ""
}

// noInstrument looks a code of the instrument standard up.
func noInstrument(code, of, element string) string {
	tasks := instrumentTasks()
	i := slices.IndexFunc(tasks, func(t task) bool { return t.code == of })
	if i < 0 {
		return noTask(tasks, of, element)
	}
	t := tasks[i]
	has := map[byte]int{'K': t.knowledge, 'R': t.risks, 'S': t.skill}[element[0]]
	n, _ := strconv.Atoi(element[1:partOf(element)])
	if n >= 1 && n <= has {
		return ""
	}
	return fmt.Sprintf("%s (%s) has %c1 to %c%d, and no %s; did you mean %s.%c%d?",
		t.code, t.name, element[0], element[0], has, element, t.code, element[0], max(1, min(n, has)))
}

// partOf is where an element names a part of itself, as K2a1 does after K2.
func partOf(element string) int {
	digits := strings.TrimLeft(element[1:], "0123456789")
	return len(element) - len(digits)
}

// noTask says what there is in place of a task: those of its area, else the
// one that is spelled most alike.
func noTask(tasks []task, of, element string) string {
	var all, beside []string
	area := of[:strings.LastIndexByte(of, '.')+1]
	for _, t := range tasks {
		all = append(all, t.code)
		if strings.HasPrefix(t.code, area) {
			beside = append(beside, t.code)
		}
	}
	if len(beside) > 0 {
		return fmt.Sprintf("there is no task %s; its area has %s", of, strings.Join(beside, ", "))
	}
	if near := record.Nearest(of, all); near != "" {
		return fmt.Sprintf("there is no task %s; did you mean %s.%s?", of, near, element)
	}
	return fmt.Sprintf("there is no task %s; they go from %s to %s", of, all[0], all[len(all)-1])
}

// romans are the numbers of areas.
var romans = []string{"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV"}

func roman(n int) string { return romans[n-1] }

// number is a Roman number's value, 0 if it is none.
func number(text string) int { return slices.Index(romans, text) + 1 }
