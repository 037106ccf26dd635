-- What is told of a mail without opening it, and what is done about the mail of strangers. See
-- package inbox.

-- +goose Up

-- Sender, recipient and subject; null = the program has not read them yet, which it does when it
-- finds this.
alter table mails add column sealed_heading blob;
create index mails_untold on mails (at) where sealed_heading is null;
-- Keyed digests of the sender's address, and of the domain in it; '' = there is none, or several.
alter table mails add column sender text not null default '';
alter table mails add column sender_host text not null default '';
-- Whose turn it is to be read: 1 answers a mail of ours, 2 claims to be R01's, 3 is any other.
alter table mails add column turn integer not null default 2 check (turn in (1, 2, 3));
drop index mails_new;
create index mails_new on mails (turn, at, id) where state = 'new';
-- Of a stranger: cut, and kept for a shorter time.
alter table mails add column stranger integer not null default 0 check (stranger in (0, 1));
create index mails_strangers on mails (at) where stranger = 1 and length(sealed_raw) > 0;
create index mails_at on mails (at, id);

-- An entry of a stranger's mail waits in a list of its own, and raises no alarm.
alter table reviews add column stranger integer not null default 0 check (stranger in (0, 1));
-- Why a person resolved it so; '' = not said.
alter table reviews add column note text not null default '';
drop index reviews_waiting;
create index reviews_waiting on reviews (stranger, received_at, id) where resolved_at is null;
create index reviews_mail on reviews (mail);
create index mails_waiting_of on mails (sender) where state = 'review';
create index mails_waiting_from on mails (sender_host) where state = 'review';

-- How many unproved mails came, by day and sender; the sender '' is all of them together.
create table visits (
    day    integer not null, -- days since 1970, UTC
    list   text not null check (list in ('desk', 'strangers')),
    sender text not null,    -- keyed digest
    mails  integer not null,
    primary key (day, list, sender)
) strict, without rowid;

-- Senders whose unproved mails a person has had ignored from now on.
create table ignored_senders (
    sender         text primary key, -- keyed digest of the address, or of @ and the domain
    sealed_address blob not null,
    since          integer not null,
    actor          text not null,
    note           text not null default ''
) strict;
