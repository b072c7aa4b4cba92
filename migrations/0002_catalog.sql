-- Up Migration
-- The tour catalog.

create table product (
  id uuid primary key,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  product_id text not null,
  product_name text not null,
  pricing jsonb not null check (jsonb_typeof(pricing) = 'array'),
  inclusions jsonb not null check (jsonb_typeof(inclusions) = 'array'),
  active boolean not null default true,
  supplier_name text,
  destination_city text,
  category text,
  description_short text,
  description_long text,
  duration_hours numeric check (duration_hours > 0),
  exclusions jsonb,
  booking_policy text,
  source_document jsonb,
  extra jsonb,
  archived_at timestamptz,
  archived_by text,
  archive_reason text,
  key_released boolean not null default false,
  price_from bigint,
  price_changes_on date,
  search tsvector generated always as (
    setweight(to_tsvector('simple', serai_fold(product_name)), 'A') ||
    setweight(to_tsvector('simple', serai_fold(coalesce(category, '') || ' ' || coalesce(destination_city, '') || ' ' || coalesce(supplier_name, '') || ' ' || coalesce(description_short, ''))), 'B') ||
    setweight(to_tsvector('simple', serai_fold(replace(inclusions::text, '\n', ' ') || ' ' || coalesce(description_long, ''))), 'D')
  ) stored,
  search_text text generated always as (serai_fold(product_name)) stored,
  constraint product_active_needs_price check (not active or jsonb_array_length(pricing) > 0)
) with (toast_tuple_target = 8160);
comment on constraint product_active_needs_price on product is 'An active product needs at least one price tier.';
create unique index product_product_id_key on product (product_id) where not key_released;
comment on index product_product_id_key is 'A product with this product_id exists already.';
-- New words wait in the index's pending list (6 times as fast for many rows); a batch empties it when it is done.
create index product_search_idx on product using gin (search);
create index product_search_text_idx on product using gin (search_text gin_trgm_ops);
create index product_price_from_idx on product (price_from, id) where archived_at is null;
create index product_price_changes_on_idx on product (price_changes_on) where price_changes_on is not null;
create index product_case_idx on product (lower(product_id));

-- The lowest price in the display currency that holds today, in minor units (both days of a tier are inclusive), and the
-- next day on which a tier begins or has ended, so that only those rows are priced again.
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

-- Down Migration
drop table product;
drop function product_set_price();
