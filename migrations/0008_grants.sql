-- Up Migration
-- Grants: who may do what. And the programs that hold some: their keys and tokens.

-- What a migration brings is no event.
set local serai.logged = 'on';

-- What everybody has who was let in, and who keeps the machine; declarations ship grants to both.
insert into role (id, name, level, require_factor, shipped, description) values
  ('00000000-0000-7000-9000-00000000000a', 'operator', 2, false, true, 'Keeps the machine running: its jobs, no records of the business.'),
  ('00000000-0000-7000-9000-00000000000b', 'everyone', 0, false, true, 'Whoever was let in, person or program. Nobody needs to be given it.');

-- Under which stamp everything stands that says what somebody may do. It moves in the transaction that changes any of it, so a
-- process that sees the same stamp holds what is true. Random, so that a restored database cannot bring an old one back.
create table access_stamp (
  single boolean primary key default true check (single),
  stamp uuid not null default gen_random_uuid()
);
insert into access_stamp default values;

create function serai_access_changed() returns trigger language plpgsql as $$
begin
  update access_stamp set stamp = gen_random_uuid();
  return null;
end $$;

create table client (
  id uuid primary key,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  name text not null,
  kind text,
  description text,
  scopes jsonb,
  allowed_addresses jsonb,
  owner uuid references "user",
  essential boolean not null default false,
  active boolean not null
);
create unique index client_name_key on client (name);
comment on index client_name_key is 'A client with this name exists already; choose another name.';

create table client_key (
  id uuid primary key,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  prefix text not null,
  client uuid not null references client,
  hash text not null,
  scopes jsonb,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz
);
create unique index client_key_hash_key on client_key (hash);
create index client_key_client_idx on client_key (client);

create table client_token (
  id uuid primary key,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  prefix text not null,
  client uuid not null references client,
  key uuid not null references client_key,
  hash text not null,
  scopes jsonb,
  expires_at timestamptz not null,
  revoked_at timestamptz
);
create unique index client_token_hash_key on client_token (hash);
create index client_token_expires_at_idx on client_token (expires_at);

create table "grant" (
  id uuid primary key,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  label text not null,
  role uuid references role,
  "user" uuid references "user",
  client uuid references client,
  effect text not null check (effect in ('allow', 'deny')),
  permission text not null,
  rule text,
  record uuid,
  fields jsonb,
  "from" timestamptz not null,
  until timestamptz,
  by text not null,
  reason text not null,
  delegable boolean not null,
  shipped text,
  revoked_at timestamptz,
  revoked_by text,
  constraint grant_holder_check check (num_nonnulls(role, "user", client) = 1),
  constraint grant_period_check check (until is null or until > "from")
);
comment on constraint grant_holder_check on "grant" is 'is for exactly one holder: a role, a user or a client';
comment on constraint grant_period_check on "grant" is 'must end after it begins';
create unique index grant_label_key on "grant" (label) where revoked_at is null;
comment on index grant_label_key is 'This grant is given already; revoke it first to give it in another way.';
create index grant_user_idx on "grant" ("user") where revoked_at is null;
create index grant_client_idx on "grant" (client) where revoked_at is null;
create index grant_role_idx on "grant" (role) where revoked_at is null;
create index grant_shipped_idx on "grant" (shipped) where shipped is not null;

create table access_request (
  id uuid primary key,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  label text not null,
  requested_by text not null,
  "user" uuid references "user",
  client uuid references client,
  permission text not null,
  rule text,
  record uuid,
  "from" timestamptz,
  until timestamptz not null,
  reason text not null,
  state text not null check (state in ('pending', 'approved', 'rejected', 'withdrawn', 'expired')),
  expires_at timestamptz not null,
  decided_by text,
  decided_at timestamptz,
  resolution_notes text
);
create unique index access_request_label_key on access_request (label) where state = 'pending';
comment on index access_request_label_key is 'The same is asked for already; wait for the answer, or withdraw it.';
create index access_request_pending_idx on access_request (expires_at) where state = 'pending';

create trigger grant_access after insert or update or delete on "grant"
  for each statement execute function serai_access_changed();
create trigger role_access after insert or update or delete on role
  for each statement execute function serai_access_changed();
create trigger membership_access after insert or update or delete on membership
  for each statement execute function serai_access_changed();
create trigger user_access after delete or update of status, archived_at, sessions_from on "user"
  for each statement execute function serai_access_changed();
create trigger token_access after delete or update of revoked_at, expires_at, role on token
  for each statement execute function serai_access_changed();
create trigger client_access after delete or update of active, scopes, allowed_addresses, owner on client
  for each statement execute function serai_access_changed();
create trigger client_key_access after delete or update of revoked_at, expires_at, scopes on client_key
  for each statement execute function serai_access_changed();
create trigger client_token_access after delete or update of revoked_at on client_token
  for each statement execute function serai_access_changed();

select serai_track('"grant"', '{label}');
select serai_track('access_request', '{label}');
select serai_track('client', '{name}');
select serai_track('client_key', '{prefix}', '{hash,last_used_at}');
select serai_track('client_token', '{prefix}', '{hash}');

-- Down Migration
drop trigger token_access on token;
drop trigger user_access on "user";
drop trigger membership_access on membership;
drop trigger role_access on role;
drop table access_request, "grant", client_token, client_key, client, access_stamp;
drop function serai_access_changed();
set local serai.logged = 'on';
delete from role where name in ('operator', 'everyone');
