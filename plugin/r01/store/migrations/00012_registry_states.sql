-- What the registry itself says of a domain, as it writes it, beside the status that everything goes
-- by.

-- +goose Up

alter table domains add column registry text not null default '[]'; -- JSON
