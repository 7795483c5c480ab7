// Checks exports and proofs of the evidence log with the code of the Go checksum database, which is not ours:
// golang.org/x/mod/sumdb/note and golang.org/x/mod/sumdb/tlog.
//
//	foreign_verifier checkpoint VKEY NOTE        a signed checkpoint
//	foreign_verifier tiles VKEY DIRECTORY        every record against every tile against the signed checkpoint
//	foreign_verifier proof VKEY PROOF LEAF       one record against a .tlog-proof
//	foreign_verifier grown VKEY NOTE DIRECTORY   that the log of an earlier signed checkpoint only grew
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8 // of a tile: 256 hashes

func main() {
	if len(os.Args) < 4 {
		fail(errors.New("too few arguments"))
	}
	var err error
	switch os.Args[1] {
	case "checkpoint":
		_, err = checkpoint(os.Args[2], os.Args[3])
	case "tiles":
		err = tiles(os.Args[2], os.Args[3])
	case "proof":
		err = proof(os.Args[2], os.Args[3], os.Args[4])
	case "grown":
		err = grown(os.Args[2], os.Args[3], os.Args[4])
	default:
		err = errors.New("unknown command")
	}
	if err != nil {
		fail(err)
	}
	fmt.Println("ok")
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// open verifies a signed checkpoint.
func open(vkey string, signed []byte) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	origin, rest, _ := strings.Cut(opened.Text, "\n")
	if origin != verifier.Name() {
		return tlog.Tree{}, errors.New("not a checkpoint of this log")
	}
	return tlog.ParseTree([]byte("go.sum database tree\n" + rest)) // it knows no other origin
}

// directory serves tiles from an export, under the paths of C2SP tlog-tiles.
type directory string

func (d directory) Height() int { return height }

func (d directory) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(d), path))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

func (d directory) SaveTiles([]tlog.Tile, [][]byte) {}

func checkpoint(vkey, path string) (tlog.Tree, error) {
	signed, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	return open(vkey, signed)
}

// hashes serves those of every record and node, as they were computed from the records.
type hashes []tlog.Hash

func (h hashes) ReadHashes(places []int64) ([]tlog.Hash, error) {
	var found []tlog.Hash
	for _, place := range places {
		if place >= int64(len(h)) {
			return nil, errors.New("no such hash")
		}
		found = append(found, h[place])
	}
	return found, nil
}

// tiles does not trust tlog.TileHashReader: before v0.40.0 it lets forged tiles pass (CVE-2026-56865).
func tiles(vkey, path string) error {
	tree, err := checkpoint(vkey, filepath.Join(path, "checkpoint"))
	if err != nil {
		return err
	}
	var computed hashes
	for first := int64(0); first < tree.N; first += 1 << height {
		width := tree.N - first
		if width > 1<<height {
			width = 1 << height
		}
		bundle := tlog.Tile{H: height, L: -1, N: first >> height, W: int(width)}
		name := strings.Replace(bundle.Path(), fmt.Sprintf("tile/%d/data/", height), "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(path, name))
		if err != nil {
			return err
		}
		for number := first; number < first+width; number++ {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return fmt.Errorf("%s is cut off", name)
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			stored, err := tlog.StoredHashes(number, data[2:end], computed)
			if err != nil {
				return err
			}
			computed = append(computed, stored...)
			data = data[end:]
		}
		if len(data) != 0 {
			return fmt.Errorf("%s holds more than its records", name)
		}
	}
	if root, err := tlog.TreeHash(tree.N, computed); err != nil || root != tree.Hash {
		return fmt.Errorf("the checkpoint is of other records (%v)", err)
	}
	wanted := tlog.NewTiles(height, 0, tree.N)
	for number, tile := range wanted {
		if next := number + 1; next < len(wanted) && wanted[next].L == tile.L && wanted[next].N == tile.N {
			continue // the same one before it grew
		}
		found, err := directory(path).ReadTiles([]tlog.Tile{tile})
		if err != nil {
			return err
		}
		if data, err := tlog.ReadTileData(tile, computed); err != nil || !bytes.Equal(data, found[0]) {
			return fmt.Errorf("%s does not hold the hashes of what is below it (%v)", tile.Path(), err)
		}
	}
	return nil
}

func proof(vkey, path, leafPath string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	leaf, err := os.ReadFile(leafPath)
	if err != nil {
		return err
	}
	head, signed, found := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		return errors.New("not a tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	tree, err := open(vkey, []byte(signed))
	if err != nil {
		return err
	}
	var way tlog.RecordProof
	for _, line := range lines[2:] {
		node, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(node) != tlog.HashSize {
			return errors.New("not a path of hashes")
		}
		way = append(way, *(*tlog.Hash)(node))
	}
	if index >= tree.N {
		return errors.New("the record is beyond the checkpoint")
	}
	return tlog.CheckRecord(way, tree.N, tree.Hash, index, tlog.RecordHash(leaf))
}

func grown(vkey, oldPath, path string) error {
	old, err := checkpoint(vkey, oldPath)
	if err != nil {
		return err
	}
	tree, err := checkpoint(vkey, filepath.Join(path, "checkpoint"))
	if err != nil {
		return err
	}
	way, err := tlog.ProveTree(tree.N, old.N, tlog.TileHashReader(tree, directory(path)))
	if err != nil {
		return err
	}
	return tlog.CheckTree(way, tree.N, tree.Hash, old.N, old.Hash)
}
