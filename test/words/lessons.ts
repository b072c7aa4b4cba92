import type { Fields } from '../../src/kernel/field.ts'
import { f } from '../../src/kernel/fields/index.ts'
import { type Resource, resource } from '../../src/kernel/resource.ts'
import { role } from '../../src/kernel/rule.ts'
import { archivable } from '../../src/traits/archivable.ts'
import { ordered } from '../../src/traits/ordered.ts'
import { publishable } from '../../src/traits/publishable.ts'

const LEVELS = ['subject', 'track', 'unit', 'topic', 'lesson'] as const

const common: Fields = {
  code: f.text({ min: 1, max: 80, line: true, immutable: true, pattern: /^[A-Za-z0-9._-]+$/ }),
  title: f.text({ min: 1, max: 200 }),
  is_public: f.boolean({ default: false }),
}

/** subject → track → unit → topic → lesson: every child has one parent, an order among its siblings, and is published or not. */
export const lessons: Resource[] = LEVELS.map((name, index) =>
  resource(name, {
    fields: index === 0 ? common : { ...common, parent: f.ref(LEVELS[index - 1]) },
    key: ['code'],
    traits: [archivable, ordered, publishable],
    access: { read: role('staff', 'editor'), write: role('editor') },
  }),
)

/** What their migration would say. */
export const lessonTables = LEVELS.map(
  (name, index) => `
create table ${name} (
  id uuid primary key, version bigint not null default 1,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  code text not null, title text not null, is_public boolean not null,
  ${index === 0 ? '' : `parent uuid not null, constraint ${name}_parent_fkey foreign key (parent) references ${LEVELS[index - 1]},`}
  archived_at timestamptz, archived_by text, archive_reason text, key_released boolean not null default false,
  sort_order bigint not null, is_published boolean not null
);
create unique index ${name}_code_key on ${name} (code) where not key_released;`,
).join('\n')
