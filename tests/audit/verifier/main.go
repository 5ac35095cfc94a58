// SPDX-License-Identifier: Apache-2.0

// verifier proves a rankguard log with code that is not rankguard's: golang.org/x/mod/sumdb/note and tlog.
//
//	verifier EPOCH-DIR VKEY
//
// It opens the checkpoint, reads every entry bundle, proves each entry's record against the root through hash
// tiles, and proves that the tree is consistent with its own past at a few sizes.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io/ioutil"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fail(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

// reader serves tlog's tiles from C2SP paths: tile/8/<L>/... is tile/<L>/... there.
type reader struct{ dir string }

func (r reader) Height() int { return 8 }

func (r reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		path := "tile/" + strings.TrimPrefix(t.Path(), "tile/8/")
		data, err := ioutil.ReadFile(filepath.Join(r.dir, path))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (r reader) SaveTiles([]tlog.Tile, [][]byte) {}

func bundle(dir string, n int64, width int) [][]byte {
	t := tlog.Tile{H: 8, L: -1, N: n, W: width}
	path := "tile/entries/" + strings.TrimPrefix(t.Path(), "tile/8/data/")
	data, err := ioutil.ReadFile(filepath.Join(dir, path))
	if err != nil {
		fail("%v", err)
	}
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			fail("%s: ends inside an entry", path)
		}
		size := int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:2+size])
		data = data[2+size:]
	}
	if len(entries) != width {
		fail("%s: %d entries, want %d", path, len(entries), width)
	}
	return entries
}

func main() {
	if len(os.Args) != 3 {
		fail("usage: verifier EPOCH-DIR VKEY")
	}
	dir := os.Args[1]
	verifier, err := note.NewVerifier(os.Args[2])
	if err != nil {
		fail("%v", err)
	}
	signed, err := ioutil.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		fail("%v", err)
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		fail("checkpoint: %v", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		fail("checkpoint: not three lines of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		fail("checkpoint: %v", err)
	}
	raw, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(raw) != tlog.HashSize {
		fail("checkpoint: the root is not a hash")
	}
	var root tlog.Hash
	copy(root[:], raw)

	// Every leaf, through tiles that are themselves proven against the root.
	hashes := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, reader{dir})
	proven := int64(0)
	for n := int64(0); n*256 < size; n++ {
		width := 256
		if size-n*256 < 256 {
			width = int(size - n*256)
		}
		var indexes []int64
		for i := 0; i < width; i++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, n*256+int64(i)))
		}
		leaves, err := hashes.ReadHashes(indexes)
		if err != nil {
			fail("tiles of bundle %d: %v", n, err)
		}
		for i, entry := range bundle(dir, n, width) {
			if tlog.RecordHash(entry) != leaves[i] {
				fail("entry %d is not in the tree", n*256+int64(i))
			}
			proven++
		}
	}

	// Some of them also by the proof that an auditor would carry away.
	step := size/50 + 1
	for i := int64(0); i < size; i += step {
		proof, err := tlog.ProveRecord(size, i, hashes)
		if err != nil {
			fail("proof of entry %d: %v", i, err)
		}
		entry := bundle(dir, i/256, width(size, i/256))[i%256]
		if err := tlog.CheckRecord(proof, size, root, i, tlog.RecordHash(entry)); err != nil {
			fail("proof of entry %d: %v", i, err)
		}
		old, err := tlog.TreeHash(i+1, hashes)
		if err != nil {
			fail("root at %d: %v", i+1, err)
		}
		tree, err := tlog.ProveTree(size, i+1, hashes)
		if err != nil {
			fail("consistency from %d: %v", i+1, err)
		}
		if err := tlog.CheckTree(tree, size, root, i+1, old); err != nil {
			fail("consistency from %d: %v", i+1, err)
		}
	}
	fmt.Printf("%d entries proven\n", proven)
}

func width(size, n int64) int {
	if size-n*256 < 256 {
		return int(size - n*256)
	}
	return 256
}
