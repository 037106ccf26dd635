-- +goose Up

-- mails.hash and requests.digest were plain SHA-256. From now on they are keyed, which only
-- the program can do; it finds this when it opens the store.
insert into settings (name, value) values ('digests', 'plain');
