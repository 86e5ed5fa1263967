package check

import "time"

// Tally is what a checker has counted.
type Tally struct {
	Frames       int                    `json:"frames"`       // parts of streams, of every kind
	Compared     int                    `json:"compared"`     // pictures whose number was compared with what the camera sent
	Placeholders int                    `json:"placeholders"` // that viewers saw while a camera was away
	Unreadable   int                    `json:"unreadable"`   // pictures from damaged data, whose mark cannot be read
	Refused      int                    `json:"refused"`      // viewers that got an error because the camera was away
	LongestWait  time.Duration          `json:"longest_wait"`
	Late         time.Duration          `json:"late"`      // of the machine, in all
	MostLate     time.Duration          `json:"most_late"` // of the machine, at a time
	Faults       map[string]*FaultFacts `json:"faults"`    // by command
	Violations   []Violation            `json:"violations"`
}

// FaultFacts are the effects of one kind of fault.
type FaultFacts struct {
	Times        int           `json:"times"`
	Silence      time.Duration `json:"silence"`      // the longest time for which a viewer saw nothing
	Back         time.Duration `json:"back"`         // the longest time from its end to a viewer's first picture
	Placeholders int           `json:"placeholders"` // seen meanwhile, by all viewers
}

// Violation is a promise that was not kept.
type Violation struct {
	At     time.Duration `json:"at"` // since the beginning
	Camera string        `json:"camera"`
	Fault  string        `json:"fault"` // of the camera at that time; empty for none
	Text   string        `json:"text"`
}

// Evidence is a picture that shows a violation.
type Evidence struct {
	Violation
	Picture []byte
}
