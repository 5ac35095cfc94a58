// SPDX-License-Identifier: Apache-2.0

// verifier proves a rankguard log with code that is not rankguard's: golang.org/x/mod/sumdb/note and tlog.
//
//	verifier EPOCH-DIR VKEY
//	verifier prove EPOCH-DIR VKEY INDEX
//	verifier check-proof PROOF ENTRY VKEY
//	verifier check-growth OLD-SIZE OLD-ROOT SIZE ROOT HASH...
//
// It opens the checkpoint, reads every entry bundle, proves each entry's record against the root through hash
// tiles, and proves that the tree is consistent with its own past at a few sizes. The other forms make and check
// the proofs that rankguard-audit makes and checks.
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

type checkpoint struct {
	note []byte
	size int64
	root tlog.Hash
}

func parseHash(text string) (hash tlog.Hash) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) != tlog.HashSize {
		fail("%s is not a hash", text)
	}
	copy(hash[:], raw)
	return
}

func parseSize(text string) int64 {
	size, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		fail("%v", err)
	}
	return size
}

func openCheckpoint(signed []byte, vkey string) checkpoint {
	verifier, err := note.NewVerifier(vkey)
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
	return checkpoint{signed, parseSize(lines[1]), parseHash(lines[2])}
}

func read(path string) []byte {
	data, err := ioutil.ReadFile(path)
	if err != nil {
		fail("%v", err)
	}
	return data
}

// prove prints a c2sp.org/tlog-proof.
func prove(dir, vkey string, index int64) {
	c := openCheckpoint(read(filepath.Join(dir, "checkpoint")), vkey)
	hashes := tlog.TileHashReader(tlog.Tree{N: c.size, Hash: c.root}, reader{dir})
	path, err := tlog.ProveRecord(c.size, index, hashes)
	if err != nil {
		fail("%v", err)
	}
	fmt.Printf("c2sp.org/tlog-proof@v1\nindex %d\n", index)
	for _, hash := range path {
		fmt.Println(base64.StdEncoding.EncodeToString(hash[:]))
	}
	fmt.Printf("\n%s", c.note)
}

func checkProof(proof, entry []byte, vkey string) {
	parts := strings.SplitN(string(proof), "\n\n", 2)
	lines := strings.Split(parts[0], "\n")
	if len(parts) != 2 || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		fail("not a proof")
	}
	index := parseSize(strings.TrimPrefix(lines[1], "index "))
	var path tlog.RecordProof
	for _, line := range lines[2:] {
		path = append(path, parseHash(line))
	}
	c := openCheckpoint([]byte(parts[1]), vkey)
	if err := tlog.CheckRecord(path, c.size, c.root, index, tlog.RecordHash(entry)); err != nil {
		fail("%v", err)
	}
}

func checkGrowth(args []string) {
	var path tlog.TreeProof
	for _, text := range args[4:] {
		path = append(path, parseHash(text))
	}
	err := tlog.CheckTree(path, parseSize(args[2]), parseHash(args[3]), parseSize(args[0]), parseHash(args[1]))
	if err != nil {
		fail("%v", err)
	}
}

func main() {
	switch args := os.Args[1:]; {
	case len(args) == 4 && args[0] == "prove":
		prove(args[1], args[2], parseSize(args[3]))
	case len(args) == 4 && args[0] == "check-proof":
		checkProof(read(args[1]), read(args[2]), args[3])
	case len(args) >= 5 && args[0] == "check-growth":
		checkGrowth(args[1:])
	case len(args) == 2:
		verify(args[0], args[1])
	default:
		fail("usage: verifier EPOCH-DIR VKEY")
	}
}

func verify(dir, vkey string) {
	c := openCheckpoint(read(filepath.Join(dir, "checkpoint")), vkey)
	size, root := c.size, c.root

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
