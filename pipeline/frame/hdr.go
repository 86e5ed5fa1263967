package frame

// HDR is how a stream codes brightnesses beyond those of ordinary video; empty if it does not.
type HDR string

// The kinds of HDR, by their transfer function: SMPTE ST 2084, as in HDR10, and ARIB STD-B67.
const (
	PQ  HDR = "pq"
	HLG HDR = "hlg"
)

// HDROf returns the kind that transfer_characteristics mean (ITU-T H.273, table 3).
func HDROf(transfer int) HDR {
	switch transfer {
	case 16:
		return PQ
	case 18:
		return HLG
	}
	return ""
}
