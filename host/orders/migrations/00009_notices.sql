-- +goose Up

-- Where people are told what needs them, and how far that has come.
create table notice_channels (
    name       text primary key,
    begun_at   integer not null,
    number     integer not null default 0, -- of the last message
    told_at    integer,                    -- when that was taken
    digest_on  text not null,              -- the day of the last digest
    holder     text not null default '',   -- the panel that tells now
    held_until integer
) strict;

-- What each was told that stands, until it was told that it is over.
create table notices (
    channel  text not null,
    item     text not null,
    severity text not null,
    what     text not null,
    since    integer,
    told_at  integer not null, -- last
    primary key (channel, item)
) strict;
