package mailform_test

import (
	"fmt"

	"registrar.panel/plugin/r01/mailform"
)

// A renewal is a request with one template. The password is put in when the body is written, and
// stands in no template.
func ExampleFormat() {
	request := mailform.Request{Action: mailform.ActionProlong, Agreement: "RP/01/00",
		Templates: []mailform.Template{mailform.Prolong("example.ru")}}
	body, err := mailform.Format(request, "of the interface", mailform.KOI8R)
	if err != nil {
		fmt.Println(err)
		return
	}

	fmt.Println(body.Charset)
	fmt.Print(body.Text)
	// Output:
	// koi8-r
	// action: PROLONG
	// agreement: RP/01/00
	// password: of the interface
	//
	// #[DOMAIN TEMPLATE]#
	// domain: example.ru
	// #[TEMPLATES END]#
}

// Handles begin with capitals, digits and underscores that the account has chosen.
func ExampleIsHandlePrefix() {
	for _, prefix := range []string{"MYCOMPANY", "my company"} {
		fmt.Println(prefix, mailform.IsHandlePrefix(prefix))
	}
	// Output:
	// MYCOMPANY true
	// my company false
}
