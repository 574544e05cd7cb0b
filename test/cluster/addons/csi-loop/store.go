package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// store is a folder with an image file and a description per volume and per snapshot. All nodes share it, as they
// would share a storage system. An object exists when its description does, so a half-made copy is never seen.
type store struct {
	dir string
	mu  sync.Mutex
}

// object is stored next to its image. Kind is "vol" or "snap"; Name is what the sidecar asked for.
type object struct {
	ID, Kind, Name, Source string
	Size                   int64
	Created                time.Time
	Nodes                  map[string]bool // node -> read only
}

func (s *store) image(id string) string { return filepath.Join(s.dir, filepath.Base(id)+".img") }

func (s *store) description(id string) string { return filepath.Join(s.dir, filepath.Base(id)+".json") }

func (s *store) load(id string) (o object, err error) {
	b, err := os.ReadFile(s.description(id))
	if err != nil {
		return o, status.Errorf(codes.NotFound, "%s does not exist", id)
	}
	return o, json.Unmarshal(b, &o)
}

func (s *store) save(o object) error {
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	part := s.description(o.ID) + ".part"
	if err := os.WriteFile(part, b, 0o600); err != nil {
		return err
	}
	return os.Rename(part, s.description(o.ID))
}

func (s *store) list(kind string) (all []object) {
	files, _ := filepath.Glob(filepath.Join(s.dir, kind+"-*.json"))
	for _, f := range files {
		if o, err := s.load(strings.TrimSuffix(filepath.Base(f), ".json")); err == nil {
			all = append(all, o)
		}
	}
	return all
}

func (s *store) byName(kind, name string) (object, bool) {
	for _, o := range s.list(kind) {
		if o.Name == name {
			return o, true
		}
	}
	return object{}, false
}

// copy flushes what a mounted filesystem or an open loop device still holds, then copies the image.
func (s *store) copy(from, to string) error {
	loops, err := run("losetup", "-n", "-O", "NAME", "-j", s.image(from))
	if err != nil {
		return err
	}
	for _, l := range strings.Fields(loops) {
		if _, err := run("blockdev", "--flushbufs", l); err != nil {
			return err
		}
	}
	if _, err := run("cp", "--sparse=always", "--reflink=auto", s.image(from), s.image(to)); err != nil {
		os.Remove(s.image(to))
		return err
	}
	return nil
}

func (s *store) remove(id string) {
	os.Remove(s.description(id))
	os.Remove(s.image(id))
}

func run(args ...string) (string, error) {
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		err = status.Errorf(codes.Internal, "%s: %v: %s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), err
}
