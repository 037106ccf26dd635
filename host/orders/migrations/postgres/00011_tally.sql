-- What 00011 of the other directory does; triggers are written otherwise here.

-- +goose Up

create table tally (
    status    text not null,
    paid_till text not null,
    renewal   text not null,
    domains   integer not null,
    primary key (status, paid_till, renewal)
) strict;
insert into tally (status, paid_till, renewal, domains) select status, paid_till, renewal, count(*) from domains group by status, paid_till, renewal;

-- +goose StatementBegin
create function keep_tally() returns trigger language plpgsql as '
begin
    if tg_op <> ''INSERT'' then
        update tally set domains = domains - 1 where status = old.status and paid_till = old.paid_till and renewal = old.renewal;
        delete from tally where status = old.status and paid_till = old.paid_till and renewal = old.renewal and domains = 0;
    end if;
    if tg_op <> ''DELETE'' then
        insert into tally (status, paid_till, renewal, domains) values (new.status, new.paid_till, new.renewal, 1)
            on conflict (status, paid_till, renewal) do update set domains = tally.domains + 1;
    end if;
    return null;
end';
-- +goose StatementEnd
create trigger tally_change after insert or delete on domains for each row execute function keep_tally();
create trigger tally_update after update of status, paid_till, renewal on domains for each row
    when (old.status <> new.status or old.paid_till <> new.paid_till or old.renewal <> new.renewal) execute function keep_tally();
