-- Up Migration
-- The way back: tables as they stood at a time, and an event also for what is written past Serai.

-- Events are written in the order of time, so a few pages of summaries find "everything since".
create index event_time_idx on event using brin (time) with (pages_per_range = 16, autosummarize = on);

-- A derived field has a function of this form: of the fields that it is derived from, and the day. The statement that writes the
-- row calls it. A trigger before the update would have every generated column computed again, whatever changed: 4 times as slow.
drop trigger product_set_price on product;
drop function product_set_price();

-- The lowest price in the display currency that holds on a day, in minor units; both days of a tier are inclusive.
create function product_price_from(pricing jsonb, day date) returns bigint
  language sql immutable parallel safe
  return (
    select min((tier -> 'price' ->> 'amount')::bigint)
    from jsonb_array_elements(pricing) tier
    where tier -> 'price' ->> 'currency' = 'AED'
      and coalesce((tier ->> 'validity_start')::date, '0001-01-01') <= day
      and coalesce((tier ->> 'validity_end')::date, '9999-12-31') >= day
  );

-- The next day on which a tier begins or has ended, so that only those rows are priced again.
create function product_price_changes_on(pricing jsonb, day date) returns date
  language sql immutable parallel safe
  return (
    select least(min((tier ->> 'validity_start')::date) filter (where (tier ->> 'validity_start')::date > day),
      min((tier ->> 'validity_end')::date + 1) filter (where (tier ->> 'validity_end')::date >= day and (tier ->> 'validity_end')::date < '9999-12-31'))
    from jsonb_array_elements(pricing) tier
  );

-- A value of a column as events keep it: times in UTC with a Z, periods as their two days, money with its currency.
create function serai_fact(value jsonb, type regtype, currency text) returns jsonb
  language sql stable parallel safe
  return case
    when value is null or jsonb_typeof(value) = 'null' then 'null'::jsonb
    when type = 'timestamptz'::regtype then to_jsonb(to_char((value #>> '{}')::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
    when type = 'daterange'::regtype then jsonb_build_object('start', lower((value #>> '{}')::daterange), 'end', upper((value #>> '{}')::daterange))
    when currency is not null then jsonb_build_object('amount', value, 'currency', currency)
    else value end;

-- A row as events keep it. What the engine keeps itself, what the database computes and what `omitted` names is left out;
-- `currencies` names the columns that hold minor units of one currency.
create function serai_facts(tracked regclass, given jsonb, omitted text[], currencies jsonb) returns jsonb
  language sql stable
  return (
    select coalesce(jsonb_object_agg(attname, serai_fact(given -> attname, atttypid::regtype, currencies ->> attname::text)), '{}')
    from pg_attribute
    where attrelid = tracked and attnum > 0 and not attisdropped and attgenerated = ''
      and attname <> all (array['id', 'version', 'created_at', 'updated_at'] || omitted)
  );

-- A UUIDv7 (RFC 9562): 48 bits of milliseconds, the rest random.
create function serai_uuid() returns uuid
  language sql volatile parallel safe
  return encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
    placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid;

-- The change of this transaction: all that one transaction writes past Serai is one change, which can be undone.
create function serai_change() returns uuid language plpgsql as $$
begin
  if coalesce(current_setting('serai.change', true), '') = '' then
    perform set_config('serai.change', serai_uuid()::text, true);
  end if;
  return current_setting('serai.change')::uuid;
end $$;

-- Writes the event of one row that was written past Serai, gives it its next version and computes its derived fields.
create function serai_log_row() returns trigger language plpgsql as $$
declare
  omitted text[] := string_to_array(tg_argv[1], ',');
  was jsonb := case when tg_op <> 'INSERT' then serai_facts(tg_relid, to_jsonb(old), omitted, tg_argv[2]::jsonb) end;
  is_now jsonb := case when tg_op <> 'DELETE' then serai_facts(tg_relid, to_jsonb(new), omitted, tg_argv[2]::jsonb) end;
  label text := (select string_agg(coalesce(is_now, was) ->> name, ' / ' order by place)
    from unnest(string_to_array(tg_argv[0], ',')) with ordinality key (name, place));
  next bigint;
begin
  if tg_op = 'UPDATE' then
    select jsonb_object_agg(name, value), jsonb_object_agg(name, was -> name) into is_now, was
    from jsonb_each(is_now) each (name, value) where value is distinct from was -> name;
    if is_now is null then return null; end if;
  end if;
  if tg_op <> 'DELETE' then
    perform set_config('serai.logged', 'on', true);
    execute format('update %I.%I set version = version + $2, updated_at = now()%s where id = $1 returning version', tg_table_schema, tg_table_name, tg_argv[3])
      into next using new.id, case tg_op when 'UPDATE' then 1 else 0 end;
    perform set_config('serai.logged', '', true);
  end if;
  insert into event (change, actor, action, resource, record, key, version, before, after)
  values (serai_change(), 'sql:' || session_user, case tg_op when 'INSERT' then 'create' when 'UPDATE' then 'update' else 'delete' end, tg_table_name,
    case when tg_op = 'DELETE' then old.id else new.id end, coalesce(label, ''),
    coalesce(next, old.version + 1), was, coalesce(is_now, '{}'));
  return null;
end $$;

-- TRUNCATE fires no trigger for its rows, so it deletes them one by one first.
create function serai_log_truncate() returns trigger language plpgsql as $$
begin
  execute format('delete from %I.%I', tg_table_schema, tg_table_name);
  return null;
end $$;

-- Has a table watched: what is written to it without Serai leaves an event by `sql:<role>`. `key` names the columns of the
-- natural key, `omitted` those that events leave out (secrets and derived fields), `derived` says how the latter are computed.
create function serai_track(tracked regclass, key text[], omitted text[] default '{}', currencies jsonb default '{}', derived text default null) returns void language plpgsql as $$
begin
  execute format('create trigger serai_log_row after insert or update or delete on %s for each row
    when (current_setting(''serai.logged'', true) is distinct from ''on'') execute function serai_log_row(%L, %L, %L, %L)',
    tracked, array_to_string(key, ','), array_to_string(omitted, ','), currencies, coalesce(', ' || derived, ''));
  execute format('create trigger serai_log_truncate before truncate on %s for each statement
    when (current_setting(''serai.logged'', true) is distinct from ''on'') execute function serai_log_truncate()', tracked);
end $$;

select serai_track('product', '{product_id}', '{price_from,price_changes_on}', '{}',
  'price_from = product_price_from(pricing, current_date), price_changes_on = product_price_changes_on(pricing, current_date)');
select serai_track('token', '{name}', '{hash}');
select serai_track('import_template', '{name}');

-- Down Migration
drop trigger serai_log_truncate on import_template;
drop trigger serai_log_row on import_template;
drop trigger serai_log_truncate on token;
drop trigger serai_log_row on token;
drop trigger serai_log_truncate on product;
drop trigger serai_log_row on product;
drop function serai_track(regclass, text[], text[], jsonb, text);
drop function serai_log_truncate();
drop function serai_log_row();
drop function serai_change();
drop function serai_uuid();
drop function serai_facts(regclass, jsonb, text[], jsonb);
drop function serai_fact(jsonb, regtype, text);
drop function product_price_changes_on(jsonb, date);
drop function product_price_from(jsonb, date);
create function product_set_price() returns trigger language plpgsql as $$
begin
  select min((tier -> 'price' ->> 'amount')::bigint) filter (where starts <= current_date and ends >= current_date and tier -> 'price' ->> 'currency' = 'AED'),
    least(min(starts) filter (where starts > current_date), min(ends + 1) filter (where ends >= current_date and ends < '9999-12-31'))
  into new.price_from, new.price_changes_on
  from (
    select tier, coalesce((tier ->> 'validity_start')::date, '0001-01-01') as starts, coalesce((tier ->> 'validity_end')::date, '9999-12-31') as ends
    from jsonb_array_elements(new.pricing) tier
  ) tiers;
  return new;
end $$;
create trigger product_set_price before insert or update on product for each row execute function product_set_price();
drop index event_time_idx;
