-- Changes nothing: with this number the stores that ../takeover makes come in, and are as all others from
-- then on.

-- +goose Up
select 1;
