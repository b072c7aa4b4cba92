import { f } from '../../kernel/fields/index.ts'
import { resource } from '../../kernel/resource.ts'
import { role } from '../../kernel/rule.ts'

const STATES = ['uploaded', 'parsed', 'planned', 'applied', 'undone', 'failed', 'cancelled'] as const

/** Files that came in and what became of them. The import itself moves by the routes of `/api/imports`. */
export const importView = resource('import', {
  description: 'Files that came in: their plan, their counts, and the way back.',
  view: true,
  fields: {
    resource: f.text({ line: true, description: 'what the records of the file are' }),
    state: f.choice(STATES, { facet: true }),
    file_name: f.text({ line: true }),
    file_key: f.file({ secret: true }),
    sha256: f.text({ line: true }),
    size_bytes: f.number({ integer: true }),
    identity: f.text({ secret: true }),
    options: f.json(),
    head: f.json({ optional: true, description: 'what was found in the file: format, encoding, header' }),
    mapping: f.json({ optional: true, description: 'header → column' }),
    counts: f.json({ description: 'rows by verdict' }),
    warnings: f.list(f.json(), { description: 'what a person should know, at most 100' }),
    plan_hash: f.text({ optional: true }),
    rules_stamp: f.text({ optional: true, secret: true }),
    change: f.text({ optional: true, description: 'the change that applied it' }),
    undo_change: f.text({ optional: true }),
    backup: f.text({ optional: true, description: 'the backup that was taken before' }),
    failure: f.text({ optional: true }),
    created_by: f.text(),
    planned_at: f.time({ optional: true }),
    applied_at: f.time({ optional: true }),
    undone_at: f.time({ optional: true }),
  },
  key: ['sha256'],
  access: { read: role('viewer', 'staff', 'manager', 'admin') },
})

/** A mapping of columns that has a name, and is offered again to files with the same header. */
export const importTemplate = resource('import_template', {
  description: 'Named mappings of file columns to fields.',
  fields: {
    name: f.text({ min: 1, max: 100, line: true }),
    resource: f.text({ min: 1, line: true, immutable: true }),
    fingerprint: f.text({ optional: true, line: true, max: 64 }),
    mapping: f.json({ description: '{ columns: { header: column or null }, constants, transforms }' }),
  },
  key: ['name'],
  access: { read: role('viewer', 'staff', 'manager', 'admin'), write: role('manager', 'admin') },
})
