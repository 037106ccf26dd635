-- +goose Up

-- Moves of domains that have begun: what the source's renewal mode was before it was switched
-- off, so that a move that is interrupted there loses nothing when it is repeated.
create table moves (
    domain  text primary key,
    source  text not null,
    renewal text not null check (renewal in ('', 'auto', 'manual'))
) strict;
