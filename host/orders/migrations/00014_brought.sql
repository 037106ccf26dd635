-- What few orders bring, as far as it is public: DS records, and the roles of the contacts beside the
-- registrant. The contacts themselves are sealed.

-- +goose Up

alter table orders add column brought text not null default ''; -- JSON; empty = nothing of that
