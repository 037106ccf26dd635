package gateway

import (
	"registrar.panel/plugin/r01/lifecycle"
	"registrar.panel/plugin/r01/mailform"
	"registrar.panel/plugin/r01/store"
)

// tooEarly reports that R01 refuses a renewal because it comes before its window: nothing is
// carried out, and the schedule asks again when it is due. Of a request that was handed over
// more than once, the same words may mean that it is renewed already.
func tooEarly(r store.Request, res mailform.Result) bool {
	return r.Kind == lifecycle.Prolong && r.Attempt == 1 && res.Early()
}
