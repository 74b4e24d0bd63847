// Package raster tells of a PNG or JPEG what must be known before it is
// decoded: how large it is as it is shown, and how much memory decoding takes.
// An image of a few kilobytes may claim a hundred million pixels; nothing here
// believes it.
package raster

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image/jpeg"
	"image/png"
)

const (
	maxSide   = 10_000     // pixels
	maxPixels = 40_000_000 // a camera's photograph
	maxMemory = 320 << 20  // bytes
)

// A Kind is a format.
type Kind string

// The kinds that are taken.
const (
	PNG  Kind = "PNG"
	JPEG Kind = "JPEG"
)

// An Image is what is known of an image.
type Image struct {
	Kind          Kind
	Width, Height int // as it is shown: of one that lies on its side, the sides are exchanged
	Orientation   int // how it must be turned, 1 to 8 as EXIF counts

	memory int64 // bytes that decoding takes at most
	end    int   // of the image in its file, behind the file if it is cut short
}

// Inspect reads what an image says of itself. Its error tells an author what
// to do: of what is no such image, and of what is too large to be decoded.
func Inspect(kind Kind, src []byte) (Image, error) {
	read := inspectPNG
	if kind == JPEG {
		read = inspectJPEG
	}
	m, err := read(src)
	m.Kind = kind
	if err != nil {
		return m, err
	}
	switch {
	case m.Width < 1 || m.Height < 1: // a JPEG may leave its height to be told later
		return m, fmt.Errorf("the image is %d × %d pixels by its header; save it again", m.Width, m.Height)
	case m.Width > maxSide || m.Height > maxSide:
		return m, fmt.Errorf("the image is %d × %d pixels; scale it to at most %d a side", m.Width, m.Height, maxSide)
	case m.Width*m.Height > maxPixels:
		return m, fmt.Errorf("the image has %d × %d pixels; scale it to at most %d million", m.Width, m.Height, maxPixels/1_000_000)
	case m.memory > maxMemory:
		return m, fmt.Errorf("%d × %d pixels of this form take %d MiB to decode, and %d may be; scale it down, or save it without interlacing or progression and with 8 bits a channel",
			m.Width, m.Height, m.memory>>20, maxMemory>>20)
	}
	return m, m.ends(len(src))
}

// ends refuses a file that does not end with its image. What stands behind it
// no program for images shows, but others may read it: an archive, say.
func (m Image) ends(size int) error {
	switch behind := size - m.end; {
	case behind < 0:
		return errors.New("the image is cut short; save it again")
	case behind > 0:
		return fmt.Errorf("%d bytes of something else stand behind the image; open it in a program for images and save it as a new file, which leaves them out", behind)
	}
	return nil
}

func no(kind Kind, err error) error {
	return fmt.Errorf("this is no %s (%w); save it again in the format its name tells", kind, err)
}

// inspectPNG goes through the chunks, as an animation is announced by one.
func inspectPNG(src []byte) (Image, error) {
	config, err := png.DecodeConfig(bytes.NewReader(src))
	if err != nil {
		return Image{}, no(PNG, err)
	}
	m := Image{Width: config.Width, Height: config.Height, Orientation: 1}
	depth, colour, interlaced := src[24], src[25], src[28] == 1 // of the header, which DecodeConfig has read
	m.memory = int64(m.Width) * int64(m.Height) * pixelSize(depth, colour)
	if interlaced {
		m.memory += m.memory / 2
	}
	for at := 8; at+8 <= len(src); {
		length, name := int(binary.BigEndian.Uint32(src[at:])), string(src[at+4:at+8])
		switch name {
		case "acTL":
			return m, errors.New("the image is animated; save one picture of it")
		case "IEND":
			m.end = at + 12
			return m, nil
		}
		at += 12 + length
	}
	m.end = len(src) + 1
	return m, nil
}

// pixelSize is how many bytes a decoded pixel takes.
func pixelSize(depth, colour byte) int64 {
	const palette = 3
	switch {
	case depth == 16:
		return 8
	case colour == palette:
		return 1
	}
	return 4
}

// inspectJPEG goes through the segments to the end of the image.
func inspectJPEG(src []byte) (Image, error) {
	config, err := jpeg.DecodeConfig(bytes.NewReader(src))
	if err != nil {
		return Image{}, no(JPEG, err)
	}
	m := Image{Width: config.Width, Height: config.Height, Orientation: 1}
	m.end = eachSegment(src, func(marker byte, body []byte) {
		switch marker {
		case 0xc0, 0xc1, 0xc2:
			m.memory = max(m.memory, frameSize(body, int64(m.Width)*int64(m.Height), marker == 0xc2))
		case 0xe1:
			if o := orientation(body); o > 1 {
				m.Orientation = o
			}
		}
	})
	if m.Orientation >= 5 {
		m.Width, m.Height = m.Height, m.Width
	}
	return m, nil
}

// eachSegment gives the segments of a JPEG, and returns where it ends: behind
// the file, if it is cut short.
func eachSegment(src []byte, do func(marker byte, body []byte)) (end int) {
	const endOfImage = 0xd9
	for at := 2; at+2 <= len(src); {
		marker := src[at+1]
		switch {
		case src[at] != 0xff, // a scan, or bytes between segments
			marker == 0xff, marker == 0, marker >= 0xd0 && marker <= 0xd8, marker == 1: // these have no body
			at++
			continue
		case marker == endOfImage:
			return at + 2
		case at+4 > len(src):
			return len(src) + 1
		}
		length := int(src[at+2])<<8 | int(src[at+3])
		if length < 2 || at+2+length > len(src) {
			return len(src) + 1
		}
		do(marker, src[at+4:at+2+length])
		at += 2 + length
	}
	return len(src) + 1
}

// frameSize is what decoding a frame takes. A progressive one keeps four bytes
// for each sample until its last scan; of four colours, and of three that are
// not luminance and chrominance, a second image is made.
func frameSize(frame []byte, pixels int64, progressive bool) int64 {
	if len(frame) < 6 || len(frame) < 6+3*int(frame[5]) {
		return 0 // the decoder has refused it already
	}
	n := int(frame[5])
	var samples, widest, highest int64
	for i := range n {
		h, v := int64(frame[7+3*i]>>4), int64(frame[7+3*i]&15)
		samples, widest, highest = samples+h*v, max(widest, h), max(highest, v)
	}
	if widest*highest == 0 {
		return 0
	}
	size := pixels * samples / (widest * highest)
	if progressive {
		size *= 5
	}
	if n > 3 {
		size += 4 * pixels
	}
	return size
}

// orientation reads the tag of that name in an EXIF segment, 0 if there is
// none.
func orientation(exif []byte) int {
	const tag, short = 0x0112, 3
	exif, ok := bytes.CutPrefix(exif, []byte("Exif\x00\x00"))
	if !ok || len(exif) < 8 {
		return 0
	}
	order := binary.ByteOrder(binary.BigEndian)
	if exif[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(exif[4:]))
	if at+2 > int64(len(exif)) {
		return 0
	}
	entries := exif[at+2:]
	for range order.Uint16(exif[at:]) {
		if len(entries) < 12 {
			return 0
		}
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short {
			if o := int(order.Uint16(entries[8:])); o <= 8 {
				return o
			}
		}
		entries = entries[12:]
	}
	return 0
}
