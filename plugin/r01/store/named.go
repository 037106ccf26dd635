package store

import (
	"slices"

	"registrar.panel/internal/sqldb"
)

// ByMessageID finds what a mail of ours asked for, by its Message-ID: one request, or all that
// went out in it together. If there is none, the list is empty.
func (t Requests) ByMessageID(id string) ([]Request, error) {
	return t.inMail(messageIDQuery, batchIDQuery, id)
}

// ByToken is ByMessageID by the token in the subject of the mail.
func (t Requests) ByToken(token string) ([]Request, error) {
	return t.inMail(tokenQuery, batchTokenQuery, token)
}

// inMail looks for a mail of one request, and then for one of several: both have names that
// can't be guessed, and no two mails share one.
func (t Requests) inMail(alone, together, name string) ([]Request, error) {
	found, err := collect(t.tx, scanRequest, alone, name)
	if err != nil || len(found) > 0 {
		return found, err
	}
	return collect(t.tx, scanRequest, together, name)
}

const (
	messageIDQuery  = "select " + requestColumns + " from requests where message_id = $1"
	tokenQuery      = "select " + requestColumns + " from requests where token = $1"
	batchIDQuery    = "select " + requestColumns + " from requests where id in (select request from batched where batch = (select id from batches where message_id = $1)) order by object"
	batchTokenQuery = "select " + requestColumns + " from requests where id in (select request from batched where batch = (select id from batches where token = $1)) order by object"
)

// Ours returns which of some Message-IDs and tokens belong to mails of ours.
func (t Requests) Ours(ids, tokens []string) (map[string]bool, error) {
	ours := map[string]bool{}
	for column, names := range map[string][]string{"message_id": ids, "token": tokens} {
		for _, some := range chunks(slices.Compact(slices.Sorted(slices.Values(names)))) {
			in := column + " in (" + placeholders(1, len(some)) + ")"
			found, err := collect(t.tx, scanText, "select "+column+" from requests where "+in+" union all select "+column+" from batches where "+in, anys(some)...)
			if err != nil {
				return nil, err
			}
			for _, name := range found {
				ours[name] = true
			}
		}
	}
	return ours, nil
}

// OpenAbout lists, by object, the IDs of the requests that Open lists.
func (t Requests) OpenAbout(objects []string) (map[string][]string, error) {
	objects = slices.Compact(slices.Sorted(slices.Values(objects)))
	open := map[string][]string{}
	for _, some := range chunks(objects) {
		_, err := collect(t.tx, func(s sqldb.Scanner) (object string, err error) {
			var id string
			err = s.Scan(&object, &id)
			open[object] = append(open[object], id)
			return object, err
		}, "select object, id from requests where object in ("+placeholders(1, len(some))+") and state <> 'Queued' and "+unfinished+
			" order by created_at", anys(some)...)
		if err != nil {
			return nil, err
		}
	}
	return open, nil
}
