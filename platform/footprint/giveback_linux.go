package footprint

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// GiveBack takes the pages of the program's file out of the process, most of
// which only its start needed. Linux keeps them in its cache, and maps those that
// are needed again as they are.
func GiveBack() error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("give memory back: %w", err)
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return fmt.Errorf("give memory back: %w", err)
	}
	defer f.Close()
	var m mapping
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if next, ok := readMapping(lines.Text(), program); ok {
			m = next
			continue
		}
		// Pages that differ from the file, such as relocated ones, would be lost.
		if kib, ok := strings.CutPrefix(lines.Text(), "Anonymous:"); ok && m.file && strings.TrimSpace(kib) == "0 kB" {
			if _, _, code := syscall.Syscall(syscall.SYS_MADVISE, m.from, m.to-m.from, syscall.MADV_DONTNEED); code != 0 {
				return fmt.Errorf("give memory back: %w", code)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("give memory back: %w", err)
	}
	return nil
}

// mapping is a part of the process's addresses.
type mapping struct {
	from, to uintptr
	file     bool // it is read from the program's, and cannot be written
}

// readMapping reads the line that begins the description of a mapping:
//
//	00400000-01cc0000 r-xp 00000000 fe:00 1234   /usr/local/bin/handbook
func readMapping(line, program string) (m mapping, ok bool) {
	var mode string
	if n, err := fmt.Sscanf(line, "%x-%x %s", &m.from, &m.to, &mode); err != nil || n != 3 {
		return mapping{}, false
	}
	m.file = strings.HasSuffix(line, " "+program) && !strings.Contains(mode, "w")
	return m, true
}
