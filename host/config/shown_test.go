package config

import (
	"slices"
	"strings"
	"testing"

	"registrar.panel/shared/registrar"
)

// Settings are told without what is secret, however it came into the file.
func TestSettingsWithoutSecrets(t *testing.T) {
	t.Parallel()
	c, err := parseText(`panel { data = "d" }
registrar "r" {
  tlds = ["ru"]
  config {
    password = secret("env", "PASSWORD")
    address  = "mail.example:25"
    store    = secret("env", "PASSWORD")
    url      = "postgres://panel:canary-two@db.example/x"
    deep {
      token = "canary-three"
    }
  }
}`)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Settings("r", registrar.Schema{Attributes: []registrar.Attribute{
		{Name: "password", Type: registrar.TypeString, Sensitive: true}, {Name: "address", Type: registrar.TypeString, Description: "where"},
		{Name: "store", Type: registrar.TypeString}, {Name: "url", Type: registrar.TypeString}, {Name: "left", Type: registrar.TypeInt, Default: "7"}, {Name: "none", Type: registrar.TypeString},
	}, Blocks: []registrar.Block{{Name: "deep", Schema: registrar.Schema{Attributes: []registrar.Attribute{{Name: "token", Type: registrar.TypeString, Sensitive: true}}}}}})
	if err != nil {
		t.Fatal(err)
	}

	var told strings.Builder
	for _, x := range s.InForce {
		told.WriteString(x.Path + x.Value + x.About)
	}
	if strings.Contains(told.String(), "canary") || strings.Contains(told.String(), "hunter2") || !strings.Contains(string(s.Config), "hunter2") {
		t.Errorf("told is %s", told.String())
	}
	want := []Setting{
		{Path: "password", Secret: true, Written: true}, {Path: "address", Value: `"mail.example:25"`, Written: true, About: "where"},
		{Path: "store", Secret: true, Written: true}, {Path: "url", Secret: true, Written: true}, {Path: "left", Value: "7"}, {Path: "none"},
		{Path: "deep.token", Secret: true, Written: true},
	}
	if !slices.Equal(s.InForce, want) {
		t.Errorf("told is\n%+v\nwant\n%+v", s.InForce, want)
	}
}
