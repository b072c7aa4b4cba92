import { type RawBuilder, sql } from 'kysely'
import type { Actor } from '../kernel/actor.ts'
import type { Field } from '../kernel/field.ts'
import { type Resource, storedFields } from '../kernel/resource.ts'
import { type Comparison, hasRole, type Rule } from '../kernel/rule.ts'

/** A fragment of SQL with its parameters. */
export type Sql = RawBuilder<unknown>

/** A rule as a condition over the table alias `t`; the same verdict as `matches` in the kernel, row by row. */
export function where(resource: Resource, rule: Rule, actor: Actor): Sql {
  switch (rule.op) {
    case 'all':
      return combine(
        rule.rules.map((each) => where(resource, each, actor)),
        sql` and `,
        sql`true`,
      )
    case 'any':
      return combine(
        rule.rules.map((each) => where(resource, each, actor)),
        sql` or `,
        sql`false`,
      )
    case 'not':
      // A comparison with null is unknown in SQL and false in a rule, so its negation is true.
      return sql`(${where(resource, rule.rule, actor)}) is not true`
    case 'role':
      return hasRole(actor, rule.roles) ? sql`true` : sql`false`
    case 'owns':
      return sql`${column(rule.field)} = ${actor.id}`
    case 'self':
      return actor.user === undefined ? sql`false` : sql`${column(rule.field)} = ${actor.user}::uuid`
    case 'compare':
      return comparison(fieldOf(resource, rule.field), column(rule.field), rule.operator, rule.value)
  }
}

/** The column of a field, as `t."name"`. */
export function column(name: string): Sql {
  return sql`t.${sql.id(name)}`
}

/** Conditions or expressions side by side. */
export function combine(parts: Sql[], between: Sql, empty: Sql): Sql {
  if (parts.length === 0) return empty
  return parts.length === 1 ? parts[0] : sql`(${sql.join(parts, between)})`
}

/** A canonical value as the parameter that a column of this field compares with. */
export function parameter(field: Field, value: unknown): Sql {
  const stored = value !== null && field.toColumn && typeof value === 'object' ? field.toColumn(value) : value
  return sql`${stored}::${sql.raw(field.column)}`
}

function fieldOf(resource: Resource, name: string): Field {
  const field = storedFields(resource)[name]
  if (!field) throw new Error(`${resource.name} has no field ${name}`)
  return field
}

function comparison(field: Field, target: Sql, operator: Comparison, value: unknown): Sql {
  if (value === null)
    return operator === '='
      ? sql`${target} is null`
      : operator === '!='
        ? sql`${target} is not null`
        : sql`false`
  // Text is compared by code point whatever the database's collation.
  const left = field.column === 'text' ? sql`${target} collate "C"` : target
  switch (operator) {
    case 'in':
      return (value as unknown[]).length === 0
        ? sql`false`
        : sql`${target} in (${sql.join((value as unknown[]).map((each) => parameter(field, each)))})`
    case 'contains':
      return contains(field, target, value)
    case 'starts_with':
      return sql`starts_with(${target}, ${value}::text)`
    case 'overlaps':
      return sql`${target} && ${parameter(field, value)}`
    default:
      return sql`${left} ${sql.raw(operator === '!=' ? '<>' : operator)} ${parameter(field, value)}`
  }
}

function contains(field: Field, target: Sql, value: unknown): Sql {
  if (field.kind === 'list') return sql`${target} @> ${JSON.stringify([value])}::jsonb`
  if (field.kind === 'period') return sql`${target} @> ${value}::date`
  return sql`strpos(${target}, ${value}::text) > 0`
}
