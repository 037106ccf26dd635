package registrar

import "slices"

// FormQuery names a form.
type FormQuery struct {
	TLD        string
	Kind       OperationKind
	Registrant RegistrantKind
	Role       ContactRole // the role of the contact that the form asks for; "" = the registrant
}

// FieldType is the type of a form field.
type FieldType string

// [FieldText] is any text, [FieldYesNo] "true" or "false", [FieldEmail] a mail address, [FieldAddress] a postal
// address. [FieldPhone] is a telephone number: digits, with blanks and ( ) - . / between them, and at most one plus,
// at the beginning. [Form.Problems] checks values by their types.
const (
	FieldText      FieldType = "text"
	FieldDate      FieldType = "date" // YYYY-MM-DD
	FieldYesNo     FieldType = "yesno"
	FieldPhone     FieldType = "phone"
	FieldEmail     FieldType = "email"
	FieldAddress   FieldType = "address"
	FieldAgreement FieldType = "agreement" // something that the registrant accepts: only "true"
)

// FieldTypes lists every type.
func FieldTypes() []FieldType {
	return []FieldType{FieldText, FieldDate, FieldYesNo, FieldPhone, FieldEmail, FieldAddress, FieldAgreement}
}

// DataClass says how carefully a value must be handled.
type DataClass string

const (
	DataPublic   DataClass = "public"   // appears in whois, or may
	DataPersonal DataClass = "personal" // contact data: masked in pages and logs
	DataIdentity DataClass = "identity" // passport, tax number, birth date: never shown again
)

// DataClasses lists every class.
func DataClasses() []DataClass { return []DataClass{DataPublic, DataPersonal, DataIdentity} }

// Form is what must be asked for an order.
type Form struct {
	TLD        string
	Kind       OperationKind
	Registrant RegistrantKind
	Fields     []Field     // in the order to ask
	Role       ContactRole // the role of the contact that it asks for; "" = the registrant
}

// Field is one question.
type Field struct {
	Key      string            // key in Registrant.Fields and in the contact file
	Label    map[string]string // by language: "en", "ru"
	Type     FieldType
	Required bool   // in an update a field may still be left out, and then stays as it is
	Multiple bool   // may have several values, one line each
	Pattern  string // RE2 that a value must match; "" = any
	Example  string
	Class    DataClass

	Help      map[string]string // by language: what to write, and where to find it; for an agreement: what is accepted
	Choices   []Choice          // the allowed values; none = any
	When      []Condition       // the field is asked only if all of them hold; none = always
	MinLength int               // of a value, in characters; 0 = any
	MaxLength int               // of a value, in characters; 0 = any
	Link      string            // https address of a text to read first, such as the terms of an agreement; "" = none
}

// Choice is one of the values that a field can have.
type Choice struct {
	Value string
	Label map[string]string // by language; none = the value itself
}

// Condition holds if another field, which comes earlier in the form, is asked and has one of the values.
// The value "" means that the field is not answered.
type Condition struct {
	Field  string
	Values []string
}

// Asked lists the fields that are asked of a registrant: those whose conditions hold, by the answers given.
func (f Form) Asked(r Registrant) []Field {
	var asked []Field
	answers := map[string][]string{} // of the fields that are asked
	for _, field := range f.Fields {
		if field.asked(answers) {
			asked = append(asked, field)
			answers[field.Key] = given(r.Fields[field.Key])
		}
	}
	return asked
}

func (f Field) asked(answers map[string][]string) bool {
	for _, c := range f.When {
		// A field that is asked and not answered has the value "". A field that is not asked has no value,
		// so that a condition on it never holds.
		values, known := answers[c.Field]
		if known && len(values) == 0 {
			values = []string{""}
		}
		if !slices.ContainsFunc(values, func(v string) bool { return slices.Contains(c.Values, v) }) {
			return false
		}
	}
	return true
}

// given leaves out empty values, because HTML forms send every field.
func given(values []string) (all []string) {
	for _, v := range values {
		if v != "" {
			all = append(all, v)
		}
	}
	return all
}
