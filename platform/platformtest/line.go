package platformtest

import (
	"bufio"
	"bytes"
	"net"
	"strconv"
)

// Line is a connection that is kept open, over which a benchmark asks a server
// with less work than an http.Client's: the two share the machine's cores.
type Line struct {
	conn net.Conn
	in   *bufio.Reader
}

// Dial connects to a server at host:port.
func Dial(address string) (Line, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return Line{}, err
	}
	return Line{c, bufio.NewReaderSize(c, 64<<10)}, nil
}

// Close ends the connection.
func (l Line) Close() error { return l.conn.Close() }

// Ask sends a request as HTTP/1.1 writes it, reads the answer to its end, which
// its Content-Length tells, and returns its status.
func (l Line) Ask(request []byte) (status int, err error) {
	if _, err := l.conn.Write(request); err != nil {
		return 0, err
	}
	length := 0
	for {
		text, err := l.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if status == 0 {
			status, _ = strconv.Atoi(string(text[9:12]))
		}
		if rest, ok := bytes.CutPrefix(text, []byte("Content-Length: ")); ok {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(rest)))
		}
		if len(text) == 2 {
			break
		}
	}
	_, err = l.in.Discard(length)
	return status, err
}
