import type { Actor } from '../kernel/actor.ts'
import type { Fault } from '../kernel/fault.ts'
import { checkRow, type Resource } from '../kernel/resource.ts'
import { matches } from '../kernel/rule.ts'
import type { CompiledRule, Inspect, Model, ValidationRule } from '../kernel/validation.ts'
import type { Queryable } from '../store/pool.ts'
import { compileKept, modelOf, queryOf } from './rules.ts'
import type { Engine } from './types.ts'

/** What must hold of the records of a resource, and the stamp under which the rules that people wrote stood. */
export type Inspection = {
  /** null when nobody can write rules, so that writes do not ask. */
  stamp: string | null
  /** how many rules people wrote that are not off. */
  rules: number
  inspect: Inspect
}

type Kept = { rule: ValidationRule; compiled: CompiledRule }

const NONE: readonly never[] = []
const NOBODY: Actor = { id: '', name: '', roles: [] }
const kept = new WeakMap<Engine, Map<string, Inspection>>()

/**
 * The inspection that this process holds, loaded when there is none. It may be older than the rules: a write names its
 * stamp, and when the rules moved on nothing is written and `freshInspection` judges anew.
 */
export async function inspectionOf(engine: Engine, resource: Resource): Promise<Inspection> {
  return kept.get(engine)?.get(resource.name) ?? freshInspection(engine, engine.pool, resource)
}

/** The inspection as the rules are now, seen by this connection. */
export async function freshInspection(
  engine: Engine,
  client: Queryable,
  resource: Resource,
): Promise<Inspection> {
  const known = kept.get(engine) ?? new Map<string, Inspection>()
  kept.set(engine, known)
  const loaded = await engine.rules?.load(queryOf(client), resource.name)
  const before = known.get(resource.name)
  if (before && (!loaded || before.stamp === loaded.stamp)) return before
  const fresh = inspectionBy(modelOf(engine), resource, loaded?.stamp ?? null, loaded?.rules ?? [])
  known.set(resource.name, fresh)
  return fresh
}

function inspectionBy(
  model: Model,
  resource: Resource,
  stamp: string | null,
  rules: readonly ValidationRule[],
): Inspection {
  const compiled = rules.map((rule): Kept => ({ rule, compiled: compileKept(resource, rule) }))
  const inspect: Inspect = (row, before) => {
    const faults = checkRow(resource, row, model)
    // What is put away need not be right, or a record that broke a new rule could never be put away.
    if (compiled.length === 0 || !matches(resource.live, row, NOBODY))
      return { faults, warnings: NONE, shadows: NONE }
    const warnings: Fault[] = []
    const shadows: string[] = []
    for (const { rule, compiled: known } of compiled) {
      const finding = known.judge(row, before)
      if (!finding) continue
      if (rule.mode === 'shadow') shadows.push(rule.id)
      else if (rule.severity === 'warning') warnings.push(finding)
      else faults.push(finding)
    }
    return { faults, warnings, shadows }
  }
  return { stamp, rules: compiled.length, inspect }
}
