import { f } from '../../src/kernel/fields/index.ts'
import { resource } from '../../src/kernel/resource.ts'
import { any, owns, role } from '../../src/kernel/rule.ts'
import { archivable } from '../../src/traits/archivable.ts'
import { stateful } from '../../src/traits/stateful.ts'

/** A stay in a flat: two of one flat may not overlap while they block its calendar. */
export const booking = resource('booking', {
  fields: {
    property: f.text({ min: 1, max: 100, line: true }),
    guest_name: f.text({ min: 1, max: 200 }),
    stay: f.period(),
    source: f.text({ max: 50, line: true }),
    external_code: f.text({ max: 100, line: true }),
    host: f.text({ optional: true, line: true }),
  },
  key: ['property', 'source', 'external_code'],
  traits: [
    archivable,
    stateful({
      booked: { confirm: 'confirmed', cancel: 'cancelled' },
      confirmed: { begin: 'hosting', cancel: 'cancelled' },
      hosting: { complete: 'completed' },
    }),
  ],
  access: { read: any(role('staff', 'manager'), owns('host')), write: role('manager') },
})

/** What its migration would say. */
export const bookingTable = `
create table booking (
  id uuid primary key, version bigint not null default 1,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  property text not null, guest_name text not null, stay daterange not null, source text not null, external_code text not null, host text,
  archived_at timestamptz, archived_by text, archive_reason text, key_released boolean not null default false,
  state text not null,
  constraint booking_stay_excl exclude using gist (property with =, stay with &&)
    where (state not in ('cancelled', 'completed') and archived_at is null)
);
comment on constraint booking_stay_excl on booking is 'Two stays of one property may not overlap.';
create unique index booking_code_key on booking (property, source, external_code) where not key_released;
comment on index booking_code_key is 'This confirmation is here already.';
select serai_track('booking', '{property,source,external_code}');`
