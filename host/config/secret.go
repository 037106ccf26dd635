package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"reflect"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// reference says where a secret is. HCL never sees more of it.
type reference struct{ source, name string }

// referenceType is opaque to HCL: a reference can't become part of a longer string, for which its
// value would have to be known.
var referenceType = cty.Capsule("secret reference", reflect.TypeFor[reference]())

var evalContext = &hcl.EvalContext{Functions: map[string]function.Function{"secret": secretFunction}}

var secretFunction = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "source", Type: cty.String}, {Name: "name", Type: cty.String}},
	Type:   function.StaticReturnType(referenceType),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		ref := reference{args[0].AsString(), args[1].AsString()}
		if ref.source != "env" && ref.source != "file" {
			return cty.NilVal, function.NewArgErrorf(0, `must be "env" or "file"`)
		}
		if ref.name == "" {
			return cty.NilVal, function.NewArgErrorf(1, "must name the variable or file")
		}
		return cty.CapsuleVal(referenceType, &ref), nil
	},
})

// secrets reads what references point to.
type secrets struct {
	dir string // file names are relative to it
	env variables

	unread bool // no reference is read
}

// resolve returns the text of a string or a reference; literal reports whether it is written in the file itself.
func (s secrets) resolve(v cty.Value) (text string, literal bool, err error) {
	switch {
	case v.IsNull():
		return "", false, nil
	case v.Type() == referenceType:
		ref := *v.EncapsulatedValue().(*reference)
		if text, err = s.read(ref); err == nil {
			text, err = trimmed(text, ref)
		}
		return text, false, err
	}
	return v.AsString(), true, nil
}

// trimmed removes the line ends that editors and shells put after a secret, and refuses other signs
// of a mistake. The error says where the secret is, and nothing of its text.
func trimmed(text string, ref reference) (string, error) {
	where := map[string]string{"env": "the environment variable " + ref.name, "file": "the file " + ref.name}[ref.source]
	text = strings.TrimRight(text, "\r\n")
	switch {
	case strings.HasPrefix(text, "\uFEFF"):
		return "", fmt.Errorf("%s begins with a byte order mark: write it without", where)
	case !utf8.ValidString(text):
		return "", fmt.Errorf("%s is not UTF-8 text", where)
	case strings.ContainsAny(text, "\r\n\u0085\u2028\u2029"):
		return "", fmt.Errorf("%s holds more than one line", where)
	case strings.ContainsFunc(text, unicode.IsControl):
		return "", fmt.Errorf("%s holds a control character", where)
	}
	return text, nil
}

// largestSecret bounds what is read of a secret's file, which could be a device.
const largestSecret = 64 << 10

// unreadSecret replaces a secret that was not read. It is valid where a password is.
const unreadSecret = "not-read"

func (s secrets) read(ref reference) (string, error) {
	if s.unread {
		return unreadSecret, nil
	}

	if ref.source == "env" {
		value, ok := s.env(ref.name)
		if !ok {
			return "", fmt.Errorf("the environment variable %s is not set", ref.name)
		}
		return value, nil
	}

	// Relative to the configuration file, and not to the directory in which the panel was started.
	path := join(s.dir, ref.name)
	text, err := readFile(path)
	// The path is in the message below already.
	var fault *fs.PathError
	if errors.As(err, &fault) {
		err = fault.Err
	}

	if err != nil {
		return "", fmt.Errorf("can't read the secret's file %s: %w", path, err)
	}

	return text, nil
}

// readFile opens a file without waiting: a FIFO or a terminal must not hold up the panel.
func readFile(path string) (string, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	// Stat looks at the open file, because its path may lead to another one by now.
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no regular file")
	}
	if err != nil {
		return "", err
	}

	// One byte above the limit shows that the file is too large.
	text, err := io.ReadAll(io.LimitReader(f, largestSecret+1))
	if err == nil && len(text) > largestSecret {
		err = fmt.Errorf("it has more than %d KiB", largestSecret>>10)
	}
	return string(text), err
}

// sensitive evaluates an expression that may contain a secret. It replaces HCL's own messages, which might quote it.
func sensitive(e hcl.Expression, path string) (cty.Value, *Problem) {
	v, diags := e.Value(evalContext)
	if diags.HasErrors() || !v.IsNull() && v.Type() != referenceType && v.Type() != cty.String {
		return cty.NilVal, &Problem{Position: positionOf(e.Range()), Message: path + ` must be secret("env", NAME), secret("file", PATH) or a quoted string`}
	}
	return v, nil
}

// holdsPassword reports whether a text is a URL with a password in it.
func holdsPassword(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" {
		return false
	}
	_, has := u.User.Password()
	return has || u.Query().Has("password")
}

func literalSecret(at Position, path string) Problem {
	return Problem{Position: at, Message: path + ` is written in the file itself: use secret("env"|"file", NAME)`}
}
