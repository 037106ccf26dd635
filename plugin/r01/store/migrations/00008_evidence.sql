-- What may be believed of a request and of a mail. See package lifecycle.

-- +goose Up

-- R01 may be carrying out a transmission of which no refusal tells: it was seen queued, or was
-- sent again while its fate was not known.
alter table requests add column may_run integer not null default 0;
-- R01's refusal answered our own thread or token, so what was missing may release it. Of those
-- held now nobody knows: they wait for a person.
alter table requests add column releasable integer not null default 0;
update requests set may_run = 1 where attempt > 1 or task <> '' or state = 'Accepted' or hold in ('no_result', 'not_delegated');

-- When the mailbox received it; null = not told.
alter table mails add column received_at integer;
-- Keyed digests of its Message-ID, and of its text without blanks: a mail that comes again
-- through another relay is known by them. '' = of before they were kept.
alter table mails add column same_id text not null default '';
alter table mails add column same_text text not null default '';
-- Not read again before; null = at once.
alter table mails add column due_at integer;
create index mails_same on mails (same_id) where same_id <> '';
create index mails_due on mails (due_at) where due_at is not null;

-- Why a mail waits, as a word of package lifecycle; '' = of before it was kept.
alter table reviews add column why text not null default '';
-- The request that it seems to be about; '' = none.
alter table reviews add column request text not null default '';
-- How an entry was closed that no person closed; '' = a person did.
alter table reviews add column closed text not null default '';
create index reviews_request on reviews (request) where request <> '' and resolved_at is null;
