package configs

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// change is something to be done to one camera of a configuration: it edits the document and says what must
// be seen in the result.
type change func(*Config, *document) (edit, error)

// edit is what was done to one camera.
type edit struct {
	index         int
	before, after bool     // whether the camera is in the list before and after
	want          Keys     // its keys afterwards
	gone          []string // paths of keys that it must not have from elsewhere either
}

// text does the change to the text of a configuration, which has the name of its file.
func (do change) text(name string, content []byte) (*Config, []byte, error) {
	before, err := Parse(name, content, os.LookupEnv)
	if err != nil {
		return nil, nil, byHand("it has faults as it is: %v", err)
	}
	d, err := readDocument(content)
	if err != nil {
		return nil, nil, err
	}
	if err := d.unfold(); err != nil {
		return nil, nil, err
	}
	done, err := do(before, d)
	if err != nil {
		return nil, nil, err
	}
	content = d.bytes()
	after, err := done.check(name, before, content)
	return after, content, err
}

func adding(keys Keys) change {
	return func(config *Config, d *document) (edit, error) {
		if id, _ := keys.get("id"); indexOf(config, id) >= 0 {
			return edit{}, fmt.Errorf("%w: %s", ErrExists, id)
		}
		keys := Keys{}.merged(keys) // null is as if it was not given
		if len(keys) == 0 {
			return edit{}, &KeysError{Text: "a camera needs an id and a url"}
		}
		return edit{index: len(config.Cameras), after: true, want: keys}, d.add(keys)
	}
}

// addingAs adds a camera whose id need not be among its keys.
func addingAs(id string, keys Keys) change {
	return func(config *Config, d *document) (edit, error) {
		keys, err := withoutID(keys, id)
		if err != nil {
			return edit{}, err
		}
		return adding(append(Keys{{"id", id}}, keys...))(config, d)
	}
}

// replacing gives a camera these keys and its id.
func replacing(id string, keys Keys) change {
	return altering(id, keys, func(was, keys Keys) (Keys, error) {
		want := Keys{{"id", id}}
		if written, ok := was.get("id"); ok {
			want[0].Value = written // maybe as ${NAME}
		}
		return append(want, Keys{}.merged(keys)...), nil
	}, nil)
}

// merging patches a camera's keys.
func merging(id string, keys Keys) change {
	return altering(id, keys, func(was, keys Keys) (Keys, error) {
		for _, key := range keys {
			own, _ := was.get(key.Name)
			_, alias := own.(verbatim)
			if _, merge := key.Value.(Keys); alias && merge {
				return nil, byHand("the keys of %s stand elsewhere", key.Name)
			}
		}
		return was.merged(keys), nil
	}, keys.nulls())
}

func altering(id string, keys Keys, wanted func(was, keys Keys) (Keys, error), gone []string) change {
	return func(config *Config, d *document) (edit, error) {
		i := indexOf(config, id)
		if i < 0 {
			return edit{}, fmt.Errorf("%w: %s", ErrNoCamera, id)
		}
		keys, err := withoutID(keys, id)
		if err != nil {
			return edit{}, err
		}
		was, err := d.keys(i)
		if err != nil {
			return edit{}, err
		}
		want, err := wanted(was, keys)
		if err != nil {
			return edit{}, err
		}
		return edit{index: i, before: true, after: true, want: want, gone: gone}, d.change(i, want)
	}
}

func removing(id string) change {
	return func(config *Config, d *document) (edit, error) {
		i := indexOf(config, id)
		if i < 0 {
			return edit{}, fmt.Errorf("%w: %s", ErrNoCamera, id)
		}
		return edit{index: i, before: true}, d.remove(i)
	}
}

func indexOf(config *Config, id any) int {
	return slices.IndexFunc(config.Cameras, func(c Camera) bool { return c.ID == id })
}

// withoutID takes the id out of keys for a camera that has it.
func withoutID(keys Keys, id string) (Keys, error) {
	given, ok := keys.get("id")
	if ok && given != id {
		return nil, &KeysError{Key: "id", Text: fmt.Sprintf("the id of camera %s cannot be changed; remove it and add another", id)}
	}
	return slices.DeleteFunc(slices.Clone(keys), func(k Key) bool { return k.Name == "id" }), nil
}

// check loads the changed text and holds it against what it should be.
func (e edit) check(name string, before *Config, content []byte) (*Config, error) {
	after, loaded := decode(name, content, os.LookupEnv)
	if len(loaded.faults) > 0 {
		return nil, e.refusal(loaded.faults.sorted())
	}
	if !reflect.DeepEqual(without(before, e.index, e.before), without(after, e.index, e.after)) {
		return nil, byHand("what was asked for would change more than this camera")
	}
	for _, path := range e.gone {
		if loaded.has(join(cameraPath(e.index), path)) {
			return nil, byHand("the camera has %s from another place, by <<", path)
		}
	}
	if !e.after {
		return after, nil
	}
	d, err := readDocument(content)
	if err != nil {
		return nil, err
	}
	got, err := d.keys(e.index)
	if err == nil && !equal(got, e.want) {
		err = byHand("what was asked for cannot be written where the camera stands")
	}
	return after, err
}

// keys are a camera's keys as they are written.
func (d *document) keys(index int) (Keys, error) {
	it, err := d.item(index)
	if err != nil {
		return nil, err
	}
	keys, ok := valueOf(it.node).(Keys)
	if !ok {
		return nil, byHand("the keys of the camera in line %d stand elsewhere", it.line+1)
	}
	return keys, nil
}

// without is a configuration less one camera, if that is in it.
func without(config *Config, index int, there bool) Config {
	rest := *config
	rest.Files = nil // maybe a password_file was added
	rest.Cameras = append([]Camera{}, config.Cameras...)
	if there {
		rest.Cameras = slices.Delete(rest.Cameras, index, index+1)
	}
	return rest
}

var faultForm = regexp.MustCompile(`^(?:\.([a-z_]+)|: unknown key ([^; ]+))?`)

// refusal tells the faults of the changed text in terms of the keys that were asked for.
func (e edit) refusal(faults Faults) error {
	var texts []string
	refused := &KeysError{}
	for i, fault := range faults {
		rest, ok := strings.CutPrefix(fault.Message, cameraPath(e.index))
		if !ok || !e.after {
			return byHand("it would then have a fault: %s", fault.Message)
		}
		found := faultForm.FindStringSubmatch(rest)
		key := found[1] + found[2]
		if i > 0 && key != refused.Key {
			key = ""
		}
		refused.Key = key
		if strings.HasPrefix(rest, " ") { // it has no url, and the like
			rest = "the camera" + rest
		}
		texts = append(texts, strings.TrimLeft(rest, ".: "))
	}
	refused.Text = strings.Join(texts, "; ")
	return refused
}
