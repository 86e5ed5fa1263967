package configs

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// variable matches $${ and what begins with ${, whether or not it is the reference of a variable.
var variable = regexp.MustCompile(`\$\$\{|\$\{[^}]*\}?`)

// variableName matches the reference of a variable, ${NAME}.
var variableName = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$`)

// expand replaces ${NAME} with the value of that environment variable, and $${ with ${. Of a secret, the error contains nothing but the
// name of a variable, and that only if the variable is the whole secret.
func (d *decoder) expand(text string, secret bool) (string, error) {
	var fault error
	expanded := variable.ReplaceAllStringFunc(text, func(found string) string {
		if found == "$${" {
			return "${"
		}
		name := variableName.FindStringSubmatch(found)
		if name == nil {
			fault = errors.New("write ${NAME} for a variable and $${ for the characters ${")
			return ""
		}
		d.variables = append(d.variables, name[1])
		value, ok := d.env(name[1])
		if !ok {
			fault = fmt.Errorf("the environment variable %s is not set", name[1])
			if secret && found != text {
				fault = errors.New("it names an environment variable that is not set; write $${ for the characters ${")
			}
		}
		return value
	})
	return expanded, fault
}

// HasVariable reports whether a text contains ${, other than as $${.
func HasVariable(text string) bool {
	return slices.ContainsFunc(variable.FindAllString(text, -1), func(found string) bool { return found != "$${" })
}

// setScalar sets a field to the value of text. The error completes the sentence 'it must be …'.
func setScalar(into reflect.Value, text string, tag reflect.StructTag) error {
	if into.Type() == reflect.TypeFor[time.Duration]() {
		return setDuration(into, text, tag)
	}
	if into.Type() == reflect.TypeFor[Memory]() {
		if _, _, err := Memory(text).parse(); err != nil {
			return err
		}
	}
	if enum := tag.Get("enum"); enum != "" && !slices.Contains(strings.Split(enum, ","), text) {
		return fmt.Errorf("one of %s", strings.ReplaceAll(enum, ",", ", "))
	}
	switch into.Kind() {
	case reflect.String:
		into.SetString(text)
	case reflect.Bool:
		v, err := strconv.ParseBool(text)
		if err != nil || len(text) == 1 { // not 1, 0, t or f
			return errors.New("true or false")
		}
		into.SetBool(v)
	case reflect.Int:
		if word := tag.Get("zero"); word != "" && text == word {
			into.SetInt(0)
			return nil
		}
		v, err := strconv.Atoi(strings.ReplaceAll(text, "_", ""))
		if err != nil || outside(float64(v), tag) {
			return fmt.Errorf("a whole number from %s to %s%s", tag.Get("min"), tag.Get("max"), orWord(tag.Get("zero")))
		}
		into.SetInt(int64(v))
	case reflect.Float64:
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(v) || outside(v, tag) {
			return fmt.Errorf("a number from %s to %s", tag.Get("min"), tag.Get("max"))
		}
		into.SetFloat(v)
	default:
		panic("configs: not a scalar: " + into.Type().String())
	}
	return nil
}

// orWord returns the end of a message about a range, if there is a word that stands for zero.
func orWord(word string) string {
	if word == "" {
		return ""
	}
	return ", or " + word
}

// outside reports whether v is outside the range of a tag. A missing min is 0, and a missing max means no limit.
func outside(v float64, tag reflect.StructTag) bool {
	low, _ := strconv.ParseFloat(tag.Get("min"), 64)
	high, err := strconv.ParseFloat(tag.Get("max"), 64)
	return v < low || err == nil && v > high
}

func setDuration(into reflect.Value, text string, tag reflect.StructTag) error {
	v, err := time.ParseDuration(text)
	low, _ := time.ParseDuration(tag.Get("min"))
	high, _ := time.ParseDuration(tag.Get("max"))
	if err != nil || v < low || v > high {
		return fmt.Errorf("a time from %s to %s with its unit, such as 500ms, 10s or 1m", tag.Get("min"), tag.Get("max"))
	}
	into.SetInt(int64(v))
	return nil
}

// expected describes the values of a field, for the fault of a value that is not a scalar.
func expected(v reflect.Value) string {
	if v.Type() == reflect.TypeFor[time.Duration]() {
		return "a time"
	}
	switch v.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Float64:
		return "a number"
	default:
		return "text"
	}
}
