import { type Fault, fault } from '../kernel/fault.ts'
import type { Field, Row } from '../kernel/field.ts'
import { invalid, Problem } from '../kernel/problem.ts'
import type { Resource } from '../kernel/resource.ts'
import type { CompiledRule, Model, RuleSource, ValidationRule } from '../kernel/validation.ts'
import type { Queryable } from '../store/pool.ts'
import { understandGift, understandGrant } from './access/understand.ts'
import { compileCondition, type Scope } from './expression/compile.ts'
import { ExpressionError } from './expression/error.ts'
import { compileTemplate } from './expression/template.ts'
import { EvaluationError } from './expression/value.ts'
import { resourceOf } from './lookup.ts'
import { faultsOfQuestion } from './query.ts'
import type { Engine } from './types.ts'

const NAMES = { when: 'The condition', expression: 'The expression', message: 'The message' } as const

/** What checks and actions may ask of this engine. */
export function modelOf(engine: Engine): Model {
  return {
    resource: (name) => resourceOf(engine, name),
    rule: (rule) => compileRule(resourceOf(engine, rule.resource), rule),
    gift: (words) => understandGift(engine.resources, engine.access.reach, words),
    grant: (stored) => understandGrant(engine.resources, stored),
    reach: engine.access.reach,
    question: (name, parameters) => faultsOfQuestion(engine, name, parameters),
  }
}

/** Understands a rule, or throws a Problem with a fault for each of its fields that cannot be understood. */
export function compileRule(resource: Resource, rule: ValidationRule): CompiledRule {
  const faults: Fault[] = []
  const parts = {
    when: rule.when === null ? null : understood(faults, 'when', rule.when, resource, compileCondition),
    expression: understood(faults, 'expression', rule.expression, resource, compileCondition),
    message:
      rule.message === null ? null : understood(faults, 'message', rule.message, resource, compileTemplate),
  }
  if (rule.field !== null && !Object.hasOwn(resource.fields, rule.field))
    faults.push(fault('field', 'field.unknown', `${resource.name} has no field "${rule.field}"`, rule.field))
  if (faults.length || !parts.expression) throw invalid(faults)
  const { when, expression, message } = parts
  const derive = derivations(resource, [when, expression, message])
  const judge = (record: Row, before: Row | null): Fault | null => {
    const today = new Date().toISOString().slice(0, 10)
    const scope: Scope = { record: derive(record, today), before, today }
    try {
      if ((when && !when.test(scope)) || expression.test(scope)) return null
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error
      return failed(rule, `could not be applied: ${error.message}`)
    }
    const said = message ? message.fill(scope) : `must be: ${rule.expression}`
    return fault(
      rule.field ?? '',
      `rule.${rule.name}`,
      `${said} (rule ${rule.name})`,
      shownValue(rule, record),
    )
  }
  return { judge }
}

/** A rule that was saved for another declaration and is not understood any more refuses everything until it is mended. */
export function compileKept(resource: Resource, rule: ValidationRule): CompiledRule {
  try {
    return compileRule(resource, rule)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const [first] = error.faults
    const finding = failed(rule, `is not understood any more: ${first.detail} Mend it or archive it`)
    return { judge: () => finding }
  }
}

function failed(rule: ValidationRule, detail: string): Fault {
  return fault(rule.field ?? '', 'rule.failed', `the rule ${rule.name} ${detail}`)
}

function shownValue({ field }: ValidationRule, record: Row): unknown {
  return field === null ? undefined : (record[field] ?? null)
}

function understood<Part extends { fields: ReadonlySet<string> }>(
  faults: Fault[],
  name: keyof typeof NAMES,
  source: string,
  resource: Resource,
  compile: (resource: Resource, source: string) => Part,
): Part | undefined {
  try {
    const part = compile(resource, source)
    for (const each of part.fields)
      if (resource.fields[each]?.derived && !resource.fields[each].derive)
        throw new ExpressionError(
          'derived',
          source,
          Math.max(0, source.search(new RegExp(`\\b${each}\\b`))),
          `${each} is computed by the database after the rules have been checked`,
        )
    return part
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    faults.push(error.fault(name, NAMES[name]))
    return undefined
  }
}

/** The record with the derived fields that the rule reads, as the database will have them. An example may say them itself. */
function derivations(
  resource: Resource,
  parts: ({ fields: ReadonlySet<string> } | null | undefined)[],
): (record: Row, today: string) => Row {
  const names = [...new Set(parts.flatMap((part) => (part ? [...part.fields] : [])))]
  const derived = names.filter((name) => resource.fields[name]?.derive)
  if (derived.length === 0) return (record) => record
  return (record, today) => ({
    ...record,
    ...Object.fromEntries(
      derived
        .filter((name) => inputsOf(resource.fields[name]).every((each) => record[each] != null))
        .map((name) => [name, resource.fields[name].derive!(record, today)]),
    ),
  })
}

function inputsOf({ derived }: Field): readonly string[] {
  return Array.isArray(derived) ? derived : []
}

/** Statements on a connection, as areas send them. */
export function queryOf(client: Queryable): Parameters<RuleSource['load']>[0] {
  return async <Result>(text: string, values?: unknown[]) =>
    (await client.query(text, values)).rows as Result[]
}
