package mailauth

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
)

// zone is DNS: a key record per name, and what is asked for.
type zone struct {
	records map[string]string
	failing map[string]error

	mu    sync.Mutex
	asked []string
}

func (z *zone) LookupTXT(ctx context.Context, name string) ([]string, error) {
	z.mu.Lock()
	z.asked = append(z.asked, name)
	z.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := z.failing[name]; err != nil {
		return nil, err
	}
	if r, ok := z.records[name]; ok {
		return []string{r}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func nameOf(selector, domain string) string { return selector + "._domainkey." + domain + "." }

// The Ed25519 key is the same in every process, so that a fuzzing worker knows the
// signatures in the seeds.
var edKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func rsaRecord(t testing.TB, public *rsa.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
}

func edRecord() string {
	return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(edKey.Public().(ed25519.PublicKey))
}

// keys is the zone in which every signature below can be checked.
func keys(t testing.TB) *zone {
	t.Helper()
	r := rsaRecord(t, &rsaKey().PublicKey)
	return &zone{records: map[string]string{
		nameOf("rsa", "registrar.test"):             r,
		nameOf("ed", "registrar.test"):              edRecord(),
		nameOf("ed", "sub.registrar.test"):          edRecord(),
		nameOf("ed", "other.test"):                  edRecord(),
		nameOf("ed", "notregistrar.test"):           edRecord(),
		nameOf("revoked", "registrar.test"):         "v=DKIM1; k=ed25519; p=",
		nameOf("testing", "registrar.test"):         edRecord() + "; t = s : y",
		nameOf("strict", "registrar.test"):          edRecord() + "; t=s",
		nameOf("broken", "registrar.test"):          "v=DKIM1; p=!",
		nameOf("ed", "registrar.test.evil.test"):    edRecord(),
		nameOf("ed", "x._domainkey.registrar.test"): edRecord(),
	}}
}

// letter is a reply of R01's robot.
const letter = "From: R01 <robot@registrar.test>\r\n" +
	"To: panel@partner.test\r\n" +
	"Date: Tue, 24 Nov 2026 10:00:00 +0300\r\n" +
	"Subject: Re: New domain\r\n" +
	"Message-ID: <1@registrar.test>\r\n" +
	"In-Reply-To: <2@partner.test>\r\n" +
	"Content-Type: text/plain; charset=us-ascii\r\n" +
	"\r\n" +
	"Domain newtime.ru is registered.\r\n"

var allSigned = []string{"From", "To", "Date", "Subject", "Message-ID", "In-Reply-To", "Content-Type"}

// sign puts a signature of the library on top.
func sign(t testing.TB, mail string, change func(*dkim.SignOptions)) string {
	t.Helper()
	o := &dkim.SignOptions{Domain: "registrar.test", Selector: "ed", Signer: edKey, HeaderKeys: allSigned}
	if change != nil {
		change(o)
	}
	var out bytes.Buffer
	if err := dkim.Sign(&out, strings.NewReader(mail), o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// signOld signs as the library won't: with a hash of choice and more tags. RFC 6376 3.7,
// simple canonicalization; the mail ends in one line break.
func signOld(t testing.TB, mail string, hash crypto.Hash, tags string) string {
	t.Helper()

	digest := func(s string) []byte {
		if hash == crypto.SHA1 {
			d := sha1.Sum([]byte(s))
			return d[:]
		}
		d := sha256.Sum256([]byte(s))
		return d[:]
	}

	head, body, _ := strings.Cut(mail, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	algorithm := map[crypto.Hash]string{crypto.SHA1: "sha1", crypto.SHA256: "sha256"}[hash]
	field := fmt.Sprintf("DKIM-Signature: v=1; a=rsa-%s; c=simple/simple; d=registrar.test; s=rsa; h=%s;%s bh=%s; b=",
		algorithm, strings.Join(allSigned, ":"), tags, base64.StdEncoding.EncodeToString(digest(body)))

	var signed strings.Builder
	for _, name := range allSigned {
		i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, name+":") })
		signed.WriteString(lines[i] + "\r\n")
	}

	sum, err := rsa.SignPKCS1v15(rand.Reader, rsaKey(), hash, digest(signed.String()+field))
	if err != nil {
		t.Fatal(err)
	}

	return field + base64.StdEncoding.EncodeToString(sum) + "\r\n" + mail
}
