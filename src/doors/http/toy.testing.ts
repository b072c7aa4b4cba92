import type { Row } from '../../kernel/field.ts'
import { f } from '../../kernel/fields/index.ts'
import { resource } from '../../kernel/resource.ts'
import { any, owns, role } from '../../kernel/rule.ts'
import { archivable } from '../../traits/archivable.ts'
import { stateful } from '../../traits/stateful.ts'

/** A resource that no area has, with a verb of every kind. */
export const toy = resource('toy', {
  description: 'Things that children lend each other.',
  fields: {
    code: f.text({ min: 1, max: 80, line: true, immutable: true }),
    colour: f.choice(['red', 'blue'], { optional: true, facet: true }),
    weight: f.number({ optional: true, integer: true, min: 0 }),
    secret_place: f.secret({ optional: true }),
    keeper: f.text({ optional: true, line: true }),
    friend: f.ref('toy', { optional: true }),
  },
  key: ['code'],
  traits: [archivable, stateful({ here: { lend: 'lent' }, lent: { bring_back: 'here' } })],
  access: {
    read: any(role('viewer', 'manager'), owns('keeper')),
    write: role('manager'),
    sum: role('viewer', 'manager'),
    weigh: role('viewer', 'manager'),
  },
  actions: {
    sum: {
      description: 'Adds up.',
      effect: 'read',
      on: 'collection',
      input: { least: f.number({ integer: true, default: 0 }) },
      async run(_rows, { input }, tx) {
        const [{ sum }] = await tx.query<Row>(
          'select coalesce(sum(weight), 0)::int as sum from toy where weight >= $1',
          [input.least],
        )
        return { answer: { sum } }
      },
    },
    weigh: {
      description: 'Says how heavy a toy is.',
      effect: 'read',
      on: 'records',
      input: { unit: f.choice(['g', 'kg']) },
      run: async ([row], { input }) => ({
        answer: { weight: Number(row.weight) / (input.unit === 'kg' ? 1_000 : 1), unit: input.unit },
      }),
    },
    paint: {
      description: 'Paints them.',
      effect: 'write',
      on: 'records',
      input: { colour: f.choice(['red', 'blue']) },
      set: (_row, { input }) => ({ colour: input.colour }),
    },
    explode: {
      description: 'Fails as nothing should.',
      effect: 'write',
      on: 'collection',
      input: {},
      run: async () => {
        throw new TypeError('the password is hunter2')
      },
    },
  },
})

/** What its migration would say. */
export const toyTable = `
create table toy (
  id uuid primary key, version bigint not null default 1,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  code text not null, colour text, weight bigint, secret_place text, keeper text,
  friend uuid, constraint toy_friend_fkey foreign key (friend) references toy,
  archived_at timestamptz, archived_by text, archive_reason text, key_released boolean not null default false,
  state text not null,
  constraint toy_weight_check check (weight < 1000000)
);
create unique index toy_code_key on toy (code) where not key_released;
comment on index toy_code_key is 'There is a toy of this code already.';`
