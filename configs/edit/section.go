package edit

import (
	"slices"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/configs/internal/node"

	"github.com/goccy/go-yaml/ast"
)

// section is a list of the configuration that can be edited.
type section struct {
	keys []string                                            // the path of the list, from the top of the document
	noun string                                              // what the list contains
	path func(index int) string                              // the path of a camera or user, as in the message of a fault
	cut  func(config *configs.Config, index int, there bool) // removes a camera or user from a configuration, if it is there
}

var cameras = &section{[]string{"cameras"}, "camera", configs.CameraPath, func(config *configs.Config, index int, there bool) {
	config.Cameras = without(config.Cameras, index, there)
}}

var users = &section{[]string{"auth", "users"}, "user", configs.UserPath, func(config *configs.Config, index int, there bool) {
	config.Auth.Users = without(config.Auth.Users, index, there)
}}

// rest returns a copy of a configuration, without the camera or user at index if there is one.
func (s *section) rest(config *configs.Config, index int, there bool) configs.Config {
	rest := *config
	rest.Files, rest.Variables = nil, nil // they include those of the camera
	rest.Blank = false
	s.cut(&rest, index, there)
	return rest
}

func without[T any](list []T, index int, there bool) []T {
	list = append([]T{}, list...)
	if there {
		list = slices.Delete(list, index, index+1)
	}
	return list
}

// open begins an edit of a list: it puts each camera or user on lines of its own.
func (d *document) open(s *section) error {
	d.of = s
	for i := range len(s.keys) - 1 {
		if err := d.spread(s.keys[i], s.keys[i+1]); err != nil {
			return err
		}
	}
	return d.unfold()
}

// spread puts the keys below the key outer on lines of their own. If the key inner is missing there, it is added without a value.
func (d *document) spread(outer, inner string) error {
	i := indexOfKey(d.root, outer)
	if i < 0 {
		d.insert(d.stop, []line{{outer + ":", d.newline}, {"  " + inner + ":", d.newline}})
		return d.parse()
	}
	key, err := d.entry(d.root[i])
	if err != nil {
		return err
	}
	list, isMapping := node.Entries(key.node.Value)
	switch {
	case isMapping && inFlow(key.node.Value):
		if err := d.unbrace(key); err != nil {
			return err
		}
		return d.spread(outer, inner)
	case key.node.Value.Type() == ast.NullType:
		head, err := d.oneLine(key.line, key.line+1, d.lines[key.line].text[:key.value], false)
		if err != nil {
			return err
		}
		d.lines[key.line] = head
		d.insert(key.line+1, []line{{spaces(key.column+2) + inner + ":", d.newline}})
		return d.parse()
	case !isMapping || len(list) == 0:
		return byHand("the keys of %s are not on lines of their own", outer)
	case indexOfKey(list, inner) >= 0:
		return nil
	}
	stop := d.stop
	if i+1 < len(d.root) {
		stop = d.root[i+1].Key.GetToken().Position.Line - 1
	}
	own, err := d.entries(list, stop)
	if err != nil {
		return err
	}
	last := own[len(own)-1]
	d.insert(d.valueEnd(last.line, stop), []line{{spaces(last.column) + inner + ":", d.newline}})
	return d.parse()
}

// unbrace rewrites a mapping in braces, so that its keys are on lines of their own.
func (d *document) unbrace(key entry) error {
	mapping, ok := key.node.Value.(*ast.MappingNode)
	if !ok {
		return byHand("the braces on line %d are not understood", key.line+1)
	}
	_, parts, err := d.parts(mapping.Start)
	if err != nil {
		return err
	}
	stop := mapping.End.Position.Line
	head, err := d.oneLine(key.line, stop, d.lines[key.line].text[:key.value], true)
	if err != nil {
		return err
	}
	lines := []line{head}
	for _, part := range parts {
		lines = append(lines, line{spaces(key.column+2) + part, d.newline})
	}
	d.lines = slices.Replace(d.lines, key.line, stop, lines...)
	return d.parse()
}
