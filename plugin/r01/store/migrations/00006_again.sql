-- A renewal that was refused, or taken back before it was ever handed to the relay, may be
-- asked for again. Of all others there is one for one domain and expiry, for ever. r01-mail 4.3

-- +goose Up
drop index requests_prolong;
create unique index requests_prolong on requests (agreement, object, base)
    where kind = 'prolong' and state <> 'Failed' and not (state = 'Cancelled' and attempt = 0);
