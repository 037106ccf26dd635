-- +goose Up

-- Mails whose bytes are still kept. Those that are not have none left.
create index mails_kept on mails (at) where length(sealed_raw) > 0;
