-- +goose Up

-- How far the Action Log has been told to each webhook of plugin.hcl.
create table webhooks (
    name          text primary key,
    told          integer not null,            -- the last entry that was delivered, or given up
    attempts      integer not null default 0,  -- in vain, of the next entry
    failing_since integer,                     -- the first of them
    next_at       integer,                     -- not before
    error         text not null default '',    -- of the last one
    holder        text not null default '',    -- the panel that delivers now
    held_until    integer
) strict;

-- The entries that were given up, until a person has them sent again.
create table dead_letters (
    webhook  text not null,
    entry    integer not null,
    at       integer not null,
    attempts integer not null,
    error    text not null,
    primary key (webhook, entry)
) strict;
