package configs

import (
	"fmt"
	"path"
	"slices"
)

// checkGroups checks the groups and finds their cameras.
func (d *decoder) checkGroups(config *Config) {
	named := map[string]bool{}
	for i := range config.Groups {
		group, at := &config.Groups[i], fmt.Sprintf("groups[%d]", i)
		if d.faulty(at + ": expected") { // it is not a mapping
			continue
		}
		switch {
		case group.Name == "":
			d.fault(d.at(at), "%s has no name", at)
		case named[group.Name]:
			d.fault(d.at(at+".name"), "%s.name is %q, which another group has", at, group.Name)
		case len(group.Cameras) == 0 && !d.faulty(at+".cameras"):
			d.fault(d.at(at), "%s has no cameras", at)
		}
		named[group.Name] = true
		for j, pattern := range group.Cameras {
			if err := checkPattern(pattern); err != nil {
				at := fmt.Sprintf("%s.cameras[%d]", at, j)
				d.fault(d.at(at), "%s is %q; it must be %v", at, pattern, err)
			}
		}
		for _, camera := range config.Cameras {
			if group.has(camera.ID) {
				group.IDs = append(group.IDs, camera.ID)
			}
		}
	}
}

// has reports whether a camera is in the group.
func (g Group) has(id string) bool {
	return slices.ContainsFunc(g.Cameras, func(pattern string) bool {
		matches, err := path.Match(pattern, id)
		return matches && err == nil
	})
}
