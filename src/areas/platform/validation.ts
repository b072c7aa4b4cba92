import { type Fault, fault } from '../../kernel/fault.ts'
import type { Row } from '../../kernel/field.ts'
import { f } from '../../kernel/fields/index.ts'
import { Problem } from '../../kernel/problem.ts'
import { readField, reading } from '../../kernel/record.ts'
import { resource, storedFields } from '../../kernel/resource.ts'
import { role } from '../../kernel/rule.ts'
import {
  type CompiledRule,
  type Declared,
  type Model,
  RULE_MODES,
  type RuleSource,
  SEVERITIES,
  type ValidationRule,
} from '../../kernel/validation.ts'
import { archivable } from '../../traits/archivable.ts'
import { tryRule } from './validation/try.ts'

const RULE_CHARACTERS_MAX = 4_096
const EXAMPLES_MAX = 50
/** Rules of one resource that are looked at; the rest would be too many to look at for every record. */
export const RULES_MAX = 200

type Example = { record: Row; before: Row | null; valid: boolean }

/** What must be true of the records of a resource, as a person wrote it. */
export const validationRule = resource('validation_rule', {
  description: 'Rules that people write: what must be true of a record, whichever door it comes through.',
  fields: {
    name: f.text({
      min: 1,
      max: 60,
      line: true,
      immutable: true,
      pattern: /^[a-z][a-z0-9_]*$/,
      patternHint: 'small letters, digits and _, such as family_needs_duration',
    }),
    resource: f.text({ min: 1, max: 40, line: true, description: 'whose records it is about' }),
    when: f.text({
      optional: true,
      max: RULE_CHARACTERS_MAX,
      description: 'condition in CEL: the records that it is for; all when there is none',
    }),
    expression: f.text({
      min: 1,
      max: RULE_CHARACTERS_MAX,
      description: 'condition in CEL that must be true',
    }),
    severity: f.choice(SEVERITIES, {
      default: 'error',
      facet: true,
      description: 'an error refuses the record, a warning goes with it',
    }),
    message: f.text({
      optional: true,
      max: 1_000,
      description: 'with values: {{product_name}} costs {{price_from}}',
    }),
    field: f.text({ optional: true, max: 40, line: true, description: 'the field that it is about' }),
    examples: f.list(
      {
        record: f.json({ description: 'the fields that matter; the others are empty' }),
        before: f.json({ optional: true }),
        valid: f.boolean(),
      },
      { max: EXAMPLES_MAX, default: [], description: 'checked when the rule is saved' },
    ),
    mode: f.choice(RULE_MODES, {
      default: 'active',
      facet: true,
      description: 'shadow refuses nothing and counts what it would have refused',
    }),
    shadow_since: f.time({ optional: true, derived: true }),
    shadow_refused: f.number({
      optional: true,
      derived: true,
      integer: true,
      description: 'records that were written since and would have been refused',
    }),
  },
  key: ['name'],
  traits: [archivable],
  checks: [understandable],
  access: {
    read: role('viewer', 'staff', 'manager', 'admin'),
    write: role('manager', 'admin'),
    try: role('viewer', 'staff', 'manager', 'admin'),
  },
  actions: { try: tryRule },
})

/** What the engine asks this area: the rules of a resource, and to add up what those in shadow would have refused. */
export const ruleSource: RuleSource = {
  async load(query, resourceName) {
    const [found] = await query<{ stamp: string; rules: ValidationRule[] }>(
      `select coalesce((select stamp from rule_stamp where resource = $1), '00000000-0000-0000-0000-000000000000') as stamp,
  coalesce((select jsonb_agg(to_jsonb(r) order by r.name collate "C") from (
    select id, name, resource, "when", expression, severity, message, field, mode from validation_rule
    where resource = $1 and mode <> 'off' and archived_at is null order by name collate "C" limit ${RULES_MAX}) r), '[]') as rules`,
      [resourceName],
    )
    return found
  },
  async count(query, refused) {
    await query(
      `update validation_rule r set shadow_refused = r.shadow_refused + c.refused
from unnest($1::uuid[], $2::bigint[]) as c(id, refused) where r.id = c.id and r.mode = 'shadow'`,
      [[...refused.keys()], [...refused.values()]],
    )
  },
}

/** A rule is saved when it can be understood and judges its own examples as they say. */
function understandable(row: Row, model: Model): Fault[] {
  if (row.archived_at) return []
  const rule = row as unknown as ValidationRule
  if (rule.resource === 'validation_rule')
    return [
      fault('resource', 'resource.rules', 'a rule about rules could forbid to mend it; it is not taken'),
    ]
  try {
    const about = model.resource(rule.resource)
    const compiled = model.rule(rule)
    return (row.examples as Example[]).flatMap((example, index) =>
      judgeExample(about, compiled, example, index),
    )
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    if (error.faults.length) return [...error.faults]
    return [fault('resource', 'resource.unknown', error.message, rule.resource)]
  }
}

function judgeExample(about: Declared, rule: CompiledRule, example: Example, index: number): Fault[] {
  const path = `examples[${index}]`
  const at = reading({ path: `${path}.record` })
  const record = readExample(about, example.record, at)
  const before = example.before && readExample(about, example.before, { ...at, path: `${path}.before` })
  if (at.faults.length) return at.faults
  const finding = rule.judge(record, before)
  if ((finding === null) === example.valid) return []
  const said = finding
    ? `is said to be valid, but the rule refuses it: ${finding.detail}`
    : 'is said to be wrong, but the rule lets it pass'
  return [fault(path, 'examples.fails', `${said}. Mend the rule or the example`, example.record)]
}

/** The members that an example names, in canonical form; every other field is empty. */
function readExample(about: Declared, given: Row, at: ReturnType<typeof reading>): Row {
  const fields = storedFields(about)
  const row: Row = Object.fromEntries(Object.keys(fields).map((name) => [name, null]))
  for (const [name, value] of Object.entries(given))
    if (!Object.hasOwn(fields, name))
      at.faults.push(fault(`${at.path}.${name}`, 'field.unknown', `is not a field of ${about.name}`))
    else if (value !== null) row[name] = readField(name, fields[name], value, at)
  return row
}
