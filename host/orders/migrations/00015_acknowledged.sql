-- +goose Up

-- What people have seen of all that needs a person: it is shown apart until it changes, or until then.
create table acknowledged (
    item     text primary key,
    seen     text not null,            -- of it: when that differs, it is shown again
    what     text not null,            -- in a few words, as it was shown
    actor    text not null,
    behalf   text not null default '', -- on whose behalf, in their own words
    note     text not null default '',
    at       integer not null,
    until_at integer                   -- NULL = until it changes
) strict;
