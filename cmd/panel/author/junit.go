package author

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"registrar.panel/cmd/panel/command"
	"registrar.panel/shared/registrar/registrartest"
)

type junitSuites struct {
	XMLName xml.Name   `xml:"testsuites"`
	Suite   junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitMessage `xml:"failure"`
	Error   *junitMessage `xml:"error"`
	Skipped *junitMessage `xml:"skipped"`
	Warning string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit writes a report in JUnit's XML: a broken MUST is a failure, a broken
// SHOULD passes with a remark, and a rule that could not be judged is an error.
func writeJUnit(w io.Writer, v conformance) error {
	s := junitSuite{Name: "conformance " + v.Registrar + " " + v.Version, Tests: len(v.Rules), Skipped: v.Skipped}
	total := int64(0)
	for _, r := range v.Rules {
		c := junitCaseOf(r)
		if c.Failure != nil {
			s.Failures++
		}
		if c.Error != nil {
			s.Errors++
		}
		total += r.Milliseconds
		s.Cases = append(s.Cases, c)
	}

	s.Time = seconds(total)
	text, err := xml.MarshalIndent(junitSuites{Suite: s}, "", "  ")
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}

	if _, err := fmt.Fprintf(w, "%s%s\n", xml.Header, text); err != nil {
		return fmt.Errorf("write result: %w", err)
	}

	return nil
}

func junitCaseOf(r ruleState) junitCase {
	class, name, _ := strings.Cut(r.ID, "/")
	c := junitCase{Class: "conformance." + class, Name: name, Time: seconds(r.Milliseconds)}
	broken := strings.Join(append(r.Findings, r.Place, r.Remedy), "\n")
	switch o := registrartest.Outcome(r.Outcome); {
	case o == registrartest.Broken && r.Level == string(registrartest.Must):
		c.Failure = &junitMessage{r.Demand, broken}
	case o == registrartest.Broken:
		c.Warning = r.Demand + "\n" + broken
	case o == registrartest.NotJudged:
		c.Error = &junitMessage{r.Demand, command.OrDash(r.Reason)}
	case o == registrartest.Skipped:
		c.Skipped = &junitMessage{command.OrDash(r.Reason), ""}
	}
	return c
}

func seconds(milliseconds int64) string { return fmt.Sprintf("%.3f", float64(milliseconds)/1000) }
