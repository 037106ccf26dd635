-- +goose Up

-- Mails whose bytes are still kept. Those that are not have none left.
create index mails_kept on mails (at) where length(sealed_raw) > 0;

-- Health counts what is open, and a start looks for what an earlier one left, among many.
create index requests_state on requests (state) where state not in ('Succeeded', 'Failed', 'Cancelled');
