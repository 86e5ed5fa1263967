package frame

import (
	"fmt"
	"time"
)

// Plan describes how pictures are made: with which elements, and why not with better ones.
type Plan struct {
	Name         string `json:"name"`
	Hardware     bool   `json:"hardware"`
	Decoder      string `json:"decoder"`
	Scaler       string `json:"scaler"`
	Encoder      string `json:"encoder"`
	FellBackFrom string `json:"fell_back_from"` // the better plan that failed, if any
	Reason       string `json:"reason"`         // why it failed
	// Chosen says why this plan was chosen.
	Chosen string `json:"chosen"`
	// Warnings say which requests this machine cannot meet.
	Warnings []string `json:"warnings,omitempty"`
}

// FailedPlan is a plan of a camera that has failed.
type FailedPlan struct {
	Plan   string     `json:"plan"`
	Codec  string     `json:"codec"`
	Reason string     `json:"reason"` // the last failure
	At     time.Time  `json:"at"`     // when the last failure was
	Times  int        `json:"times"`
	Until  *time.Time `json:"until"` // when it is tried again; nil if it may be tried now
}

// PlanError is the end of a picture whose plan has failed. Another plan is ready: a new picture uses it at once.
type PlanError struct {
	Plan, Next string
	Pause      time.Duration // until Plan is tried again
	Err        error
}

func (e *PlanError) Error() string { return fmt.Sprintf("plan %s: %v", e.Plan, e.Err) }

func (e *PlanError) Unwrap() error { return e.Err }
