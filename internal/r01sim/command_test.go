package r01sim

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2/imapclient"
)

func noEnvironment(string) string { return "" }

func TestCommand_runs(t *testing.T) {
	t.Parallel()

	ctx, cancel := context.WithCancel(context.Background())
	read, write := io.Pipe()
	code := make(chan int, 1)
	go func() {
		args := []string{"--smtp", "127.0.0.1:0", "--imap", "127.0.0.1:0", "--whois", "127.0.0.1:0", "--admin", "",
			"--seed", "42", "--calm"}
		code <- Command(ctx, args, noEnvironment, write, io.Discard)
		write.Close()
	}()

	var lines []string
	for scanner := bufio.NewScanner(read); scanner.Scan(); {
		lines = append(lines, scanner.Text())
		if scanner.Text() == "r01sim: ready" {
			break
		}
	}

	want := regexp.MustCompile(`^r01sim: seed 42
r01sim: smtp (127\.0\.0\.1:\d+)
r01sim: imap (127\.0\.0\.1:\d+)
r01sim: whois (127\.0\.0\.1:\d+)
r01sim: ready$`).FindStringSubmatch(strings.Join(lines, "\n"))
	if want == nil {
		t.Fatalf("printed %q", lines)
	}

	c, err := imapclient.DialInsecure(want[2], nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()

	if err := c.Login("callback", "secret").Wait(); err != nil {
		t.Error(err)
	}

	cancel()
	if got := <-code; got != 0 {
		t.Errorf("exit code %d", got)
	}
	if _, err := net.Dial("tcp", want[1]); err == nil {
		t.Error("SMTP still answers")
	}
}

func TestCommand_fails(t *testing.T) {
	t.Parallel()

	for name, row := range map[string]struct {
		args []string
		code int
		says string
	}{
		"unknown flag":   {[]string{"--storm"}, 2, "storm"},
		"an argument":    {[]string{"start"}, 2, `unknown argument "start"`},
		"calm and chaos": {[]string{"--calm", "--chaos"}, 2, "exclude each other"},
		"no speed":       {[]string{"--speed", "0"}, 2, "--speed must be above 0"},
		"no lies":        {[]string{"--liar-rate", "0"}, 2, "--liar-rate must be above 0"},
		"no such lie":    {[]string{"--liar=white"}, 2, "neither a kind nor a group"},
		"not loopback":   {[]string{"--smtp", "192.0.2.1:2525"}, 1, "loopback"},
		"not an address": {[]string{"--smtp", "2525"}, 1, "want HOST:PORT"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			if code := Command(t.Context(), row.args, noEnvironment, io.Discard, &stderr); code != row.code {
				t.Errorf("exit code %d", code)
			}
			if !strings.Contains(stderr.String(), row.says) {
				t.Errorf("says %q", stderr.String())
			}
		})
	}
}

func TestCommand_options(t *testing.T) {
	t.Parallel()
	env := map[string]string{"R01_MAIL_PASSWORD": "m", "R01_IMAP_PASSWORD": "i"}
	o, err := parseOptions([]string{"-speed", "10"}, func(name string) string { return env[name] }, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if o.Password != "m" || o.IMAPPassword != "i" || o.Speed != 10 || o.Policy != Chaos() {
		t.Errorf("options %+v", o)
	}
	if o.SMTP != "127.0.0.1:2525" || o.IMAP != "127.0.0.1:1143" || o.Whois != "127.0.0.1:4343" || o.Admin != "127.0.0.1:8055" ||
		o.Agreement != "RP/01/00" || o.Callback != "callback@panel.example" || o.Gateway != "robot@registrar.example" ||
		o.IMAPUser != "callback" || o.Mailbox != "INBOX" {
		t.Errorf("defaults %+v", o)
	}
}
