package config

import (
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"registrar.panel/shared/registrar"
)

// Rule writes a rule that a registrar suggests in the form in which its config block would have it;
// or a comment that says why there is none.
func Rule(r registrar.SuggestedRule) string {
	if r.Block == "" {
		return "# " + strings.Join(strings.Fields(r.Why), " ") + "\n"
	}
	file := hclwrite.NewEmptyFile()
	block := file.Body().AppendNewBlock(r.Block, []string{r.Name}).Body()
	for _, s := range r.Settings {
		block.SetAttributeValue(s.Name, cty.StringVal(s.Value))
	}
	return string(file.Bytes())
}
