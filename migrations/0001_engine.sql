-- Up Migration
-- The engine's own tables: the log, what makes a call repeatable, followers, imports.

create extension if not exists pg_trgm;
create extension if not exists btree_gist;
create extension if not exists unaccent;

-- Letters as people search for them: no case, no accents, no Arabic vowel signs, one form of alef, ya and ta marbuta.
-- Plain ASCII, most of what there is, takes the short way (7 times as fast). Not declared strict, so that it is inlined.
create function serai_fold(value text) returns text
  language sql immutable parallel safe
  return case when octet_length(value) = length(value) then lower(value)
    else lower(public.unaccent('public.unaccent'::regdictionary, translate(value, 'أإآٱىةًٌٍَُِّْـ', 'ااااية'))) end;

-- Objects laid over one another in order, the later value of a member winning.
create aggregate serai_merge(jsonb) (sfunc = jsonb_concat, stype = jsonb, initcond = '{}');

-- The log. Readers follow it by (transaction, position) below the oldest running transaction: `position` alone would lose
-- events of transactions that commit late.
create sequence event_position_seq as bigint;
create table event (
  position bigint not null default nextval('event_position_seq'),
  transaction xid8 not null default pg_current_xact_id(),
  time timestamptz not null default now(),
  change uuid not null,
  actor text not null,
  action text not null,
  resource text not null,
  record uuid not null,
  key text not null,
  version bigint not null,
  before jsonb,
  after jsonb not null,
  reason text,
  request text,
  cause text,
  primary key (position, time)
) partition by range (time);
alter sequence event_position_seq owned by event.position;
create index event_record_idx on event (record, position);
create index event_change_idx on event (change, record, position);
create index event_cause_idx on event (cause) where cause is not null;
create index event_transaction_idx on event (transaction, position);
-- Rows of up to 8 kB stay whole: compressing every record of 2 kB costs more than reading it.
create table event_default partition of event default with (toast_tuple_target = 8160);

-- One partition a month. Does nothing when it is there, or when rows of that month already lie in the default partition.
create function serai_event_partition(month date) returns void language plpgsql as $$
declare
  first date := date_trunc('month', month);
  name text := 'event_' || to_char(first, 'YYYY_MM');
begin
  if to_regclass(name) is not null then return; end if;
  if exists (select 1 from event_default where time >= first and time < first + interval '1 month') then return; end if;
  execute format('create table if not exists %I partition of event for values from (%L) to (%L) with (toast_tuple_target = 8160)',
    name, first, (first + interval '1 month')::date);
end $$;
select serai_event_partition((current_date + make_interval(months => n))::date) from generate_series(0, 2) n;

-- Answers that are given again when the same request comes again.
create table replay (
  actor text not null,
  key text not null,
  fingerprint text not null,
  change uuid,
  answer jsonb,
  created_at timestamptz not null default now(),
  primary key (actor, key)
);
create index replay_created_at_idx on replay (created_at);

-- Where each reader of the log stands.
create table follower (
  name text primary key,
  transaction xid8 not null default '0',
  position bigint not null default 0,
  updated_at timestamptz not null default now()
);

-- Imports: one row for the file, one staged row for each record that it proposes.
create table import (
  id uuid primary key,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  resource text not null,
  state text not null default 'uploaded'
    check (state in ('uploaded', 'parsed', 'planned', 'applied', 'undone', 'failed', 'cancelled')),
  file_name text not null,
  file_key text not null,
  sha256 text not null,
  size_bytes bigint not null,
  identity text not null,
  options jsonb not null,
  head jsonb,
  mapping jsonb,
  counts jsonb not null default '{}',
  warnings jsonb not null default '[]',
  plan_hash text,
  change text,
  undo_change text,
  backup text,
  failure text,
  created_by text not null,
  planned_at timestamptz,
  applied_at timestamptz,
  undone_at timestamptz
);
-- The same bytes with the same options are the same import, until it is undone, cancelled or has failed.
create unique index import_identity_key on import (identity) where state not in ('undone', 'failed', 'cancelled');
create index import_created_at_idx on import (created_at desc);
create index import_change_idx on import (change);

create unlogged table import_row (
  import uuid not null,
  position bigint not null,
  address jsonb not null,
  key text,
  record uuid,
  base_version bigint,
  verdict text not null,
  before jsonb,
  after jsonb,
  changes jsonb,
  faults jsonb,
  warnings jsonb,
  source json,
  primary key (import, position)
) with (toast_tuple_target = 8160);
create index import_row_verdict_idx on import_row (import, verdict, position);

-- `line 7`, or `Sheet1 row 7`.
create function serai_place(address jsonb) returns text
  language sql immutable parallel safe
  return case when address ? 'line' then 'line ' || (address ->> 'line') else (address ->> 'sheet') || ' row ' || (address ->> 'row') end;

-- A staged key, a JSON list, as the log keeps it.
create function serai_key(key text) returns text
  language sql immutable parallel safe
  return (select string_agg(value, ' / ') from jsonb_array_elements_text(key::jsonb));

create table import_template (
  id uuid primary key,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  name text not null,
  resource text not null,
  fingerprint text,
  mapping jsonb not null,
  constraint import_template_name_key unique (name)
);
comment on constraint import_template_name_key on import_template is 'A template with this name exists already.';
create index import_template_fingerprint_idx on import_template (resource, fingerprint);

create table token (
  id uuid primary key,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  name text not null,
  role text not null,
  hash text not null,
  prefix text not null,
  expires_at timestamptz,
  revoked_at timestamptz
);
create unique index token_hash_key on token (hash);
create unique index token_name_key on token (name);
comment on index token_name_key is 'A token with this name exists already; choose another name.';

-- Down Migration
drop table token, import_template, import_row, import, follower, replay, event;
drop function serai_key(text);
drop function serai_place(jsonb);
drop function serai_event_partition(date);
drop aggregate serai_merge(jsonb);
drop function serai_fold(text);
drop extension unaccent;
drop extension btree_gist;
drop extension pg_trgm;
