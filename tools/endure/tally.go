package main

import "time"

// tally is what a checker has counted.
type tally struct {
	Frames       int                    `json:"frames"`       // parts of streams, of every kind
	Compared     int                    `json:"compared"`     // pictures whose number was held against what the camera sent
	Placeholders int                    `json:"placeholders"` // that stood for the picture of a camera that was away
	Unreadable   int                    `json:"unreadable"`   // pictures of a camera that sends broken data, too broken to be read
	Refused      int                    `json:"refused"`      // viewers that came to a camera that was away and got an error
	LongestWait  time.Duration          `json:"longest_wait"`
	Late         time.Duration          `json:"late"`      // for how long the machine was, in all
	MostLate     time.Duration          `json:"most_late"` // at a time
	Faults       map[string]*faultFacts `json:"faults"`
	Violations   []violation            `json:"violations"`
}

// faultFacts are what became of one kind of fault.
type faultFacts struct {
	Times        int           `json:"times"`
	Silence      time.Duration `json:"silence"`      // the longest time for which a viewer saw nothing
	Back         time.Duration `json:"back"`         // from its end to a viewer's first picture, at most
	Placeholders int           `json:"placeholders"` // seen meanwhile, by all viewers
}

// violation is a promise that was not kept.
type violation struct {
	At     time.Duration `json:"at"` // since the beginning
	Camera string        `json:"camera"`
	Fault  string        `json:"fault"` // of the camera at that time; empty for none
	Text   string        `json:"text"`
}
