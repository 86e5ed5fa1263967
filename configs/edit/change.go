package edit

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/framegate/framegate/configs"
)

// change edits one camera or user in the document of a configuration, and returns what the result must be like.
type change func(*configs.Config, *document) (outcome, error)

// outcome is what a change must do to the configuration.
type outcome struct {
	of            *section
	index         int        // in the list
	before, after bool       // whether the camera or user is in the list before and after
	want          Keys       // its keys afterwards
	gone          []string   // paths of keys that it must not have afterwards, not even from an anchor
	users         UsersCheck // nil for none
}

// text applies the change to the content of a file.
func (do change) text(file string, content []byte) (*configs.Config, []byte, error) {
	before, err := configs.Parse(file, content, os.LookupEnv)
	if err != nil {
		return nil, nil, byHand("it already has faults: %v", err)
	}
	d, err := readDocument(content)
	if err != nil {
		return nil, nil, err
	}
	want, err := do(before, d)
	if err != nil {
		return nil, nil, err
	}
	content = d.bytes()
	after, err := want.check(file, before, content)
	return after, content, err
}

// adding appends a camera.
func adding(keys Keys) change {
	return func(config *configs.Config, d *document) (outcome, error) {
		if id, _ := keys.get("id"); indexOf(config, id) >= 0 {
			return outcome{}, fmt.Errorf("%w: %s", ErrExists, id)
		}
		keys := Keys{}.merged(keys) // removes keys that are null
		if len(keys) == 0 {
			return outcome{}, &KeysError{Text: "a camera needs an id and a url"}
		}
		if err := checkAdministrator(nil, keys); err != nil {
			return outcome{}, err
		}
		if err := d.open(cameras); err != nil {
			return outcome{}, err
		}
		return outcome{of: cameras, index: len(config.Cameras), after: true, want: keys}, d.add(keys)
	}
}

// addingAs appends a camera whose id may be missing from its keys.
func addingAs(id string, keys Keys) change {
	return func(config *configs.Config, d *document) (outcome, error) {
		keys, err := withoutID(keys, id)
		if err != nil {
			return outcome{}, err
		}
		return adding(append(Keys{{"id", id}}, keys...))(config, d)
	}
}

// replacing replaces the keys of a camera, except its id.
func replacing(id string, keys Keys) change {
	return altering(id, keys, func(was, keys Keys) (Keys, error) {
		want := Keys{{"id", id}}
		if written, ok := was.get("id"); ok {
			want[0].Value = written // possibly ${NAME}
		}
		return append(want, Keys{}.merged(keys)...), nil
	}, nil)
}

// merging applies a patch to the keys of a camera.
func merging(id string, keys Keys) change {
	return altering(id, keys, Keys.patched, keys.nulls())
}

// patched is like merged, but refuses to merge into keys that are elsewhere in the file.
func (k Keys) patched(patch Keys) (Keys, error) {
	for _, key := range patch {
		own, _ := k.get(key.Name)
		_, alias := own.(verbatim)
		if _, merge := key.Value.(Keys); alias && merge {
			return nil, byHand("the keys of %s are elsewhere in the file", key.Name)
		}
	}
	return k.merged(patch), nil
}

// altering replaces the keys of a camera by those that wanted returns.
func altering(id string, keys Keys, wanted func(was, keys Keys) (Keys, error), gone []string) change {
	return func(config *configs.Config, d *document) (outcome, error) {
		i := indexOf(config, id)
		if i < 0 {
			return outcome{}, fmt.Errorf("%w: %s", ErrNoCamera, id)
		}
		keys, err := withoutID(keys, id)
		if err != nil {
			return outcome{}, err
		}
		if err := d.open(cameras); err != nil {
			return outcome{}, err
		}
		was, err := d.keys(i)
		if err != nil {
			return outcome{}, err
		}
		want, err := wanted(was, keys)
		if err != nil {
			return outcome{}, err
		}
		if err := checkAdministrator(was, want); err != nil {
			return outcome{}, err
		}
		return outcome{of: cameras, index: i, before: true, after: true, want: want, gone: gone}, d.rewrite(i, want)
	}
}

// removing removes a camera.
func removing(id string) change {
	return func(config *configs.Config, d *document) (outcome, error) {
		i := indexOf(config, id)
		if i < 0 {
			return outcome{}, fmt.Errorf("%w: %s", ErrNoCamera, id)
		}
		if err := d.open(cameras); err != nil {
			return outcome{}, err
		}
		return outcome{of: cameras, index: i, before: true}, d.remove(i)
	}
}

func indexOf(config *configs.Config, id any) int {
	return slices.IndexFunc(config.Cameras, func(c configs.Camera) bool { return c.ID == id })
}

// withoutID returns the keys of a request without the key id. It is an error if that differs from the camera's id.
func withoutID(keys Keys, id string) (Keys, error) {
	given, ok := keys.get("id")
	if ok && given != id {
		return nil, &KeysError{Key: "id", Text: fmt.Sprintf("the id of camera %s cannot be changed; remove the camera and add another", id)}
	}
	return slices.DeleteFunc(slices.Clone(keys), func(k Key) bool { return k.Name == "id" }), nil
}

// check parses the edited content and compares it with what it must be like.
func (o outcome) check(file string, before *configs.Config, content []byte) (*configs.Config, error) {
	after, err := configs.Parse(file, content, os.LookupEnv)
	var faults configs.Faults
	if errors.As(err, &faults) {
		return nil, o.refusal(faults)
	}
	if err != nil {
		return nil, err
	}
	if o.users != nil {
		if err := o.users(before.Auth.Users, after.Auth.Users); err != nil {
			return nil, err
		}
	}
	if !reflect.DeepEqual(o.of.rest(before, o.index, o.before), o.of.rest(after, o.index, o.after)) {
		return nil, byHand("the change would affect more than this %s", o.of.noun)
	}
	for _, path := range o.gone {
		if configs.HasKey(content, o.of.path(o.index)+"."+path) {
			return nil, byHand("the %s also has %s from an anchor, through <<", o.of.noun, path)
		}
	}
	if !o.after {
		return after, nil
	}
	d, err := readDocument(content)
	if err != nil {
		return nil, err
	}
	d.of = o.of
	got, err := d.keys(o.index)
	if err == nil && !equal(got, o.want) {
		err = byHand("this %s is written in a way that does not allow the change", o.of.noun)
	}
	return after, err
}

// keys returns the keys of a camera or user as they are written.
func (d *document) keys(index int) (Keys, error) {
	it, err := d.item(index)
	if err != nil {
		return nil, err
	}
	keys, ok := valueOf(it.node).(Keys)
	if !ok {
		return nil, byHand("the keys of the %s on line %d are elsewhere in the file", d.of.noun, it.line+1)
	}
	return keys, nil
}

var faultForm = regexp.MustCompile(`^(?:\.([a-z_]+)|: unknown key ([^; ]+))?`)

// refusal turns the faults of the edited text into an error about the keys of the request.
func (o outcome) refusal(faults configs.Faults) error {
	var texts []string
	refused := &KeysError{}
	for i, fault := range faults {
		rest, ok := strings.CutPrefix(fault.Message, o.of.path(o.index))
		if !ok || !o.after {
			return byHand("the change would cause a fault elsewhere: %s", fault.Message)
		}
		found := faultForm.FindStringSubmatch(rest)
		key := found[1] + found[2]
		if i > 0 && key != refused.Key {
			key = ""
		}
		refused.Key = key
		if strings.HasPrefix(rest, " ") { // such as " has neither url nor vendor"
			rest = "the " + o.of.noun + rest
		}
		texts = append(texts, strings.TrimLeft(rest, ".: "))
	}
	refused.Text = strings.Join(texts, "; ")
	return refused
}
