import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Actor } from '../actor.ts'
import type { Row } from '../field.ts'
import { f } from '../fields/index.ts'
import { resource } from '../resource.ts'
import { any, compare, everybody, isNobody, matches, owns, type Rule, role } from '../rule.ts'
import { fieldsOpen } from './access.ts'
import { whyNotGive } from './delegate.ts'
import type { Gift, Grant } from './grant.ts'
import { has, intersection, minus, only, union } from './names.ts'
import { covers, parsePermission } from './permission.ts'
import { compileGrants } from './program.ts'
import { reachOf, shippedGrants, systemGrants } from './shipped.ts'

const toy = resource('toy', {
  fields: { code: f.text(), colour: f.text(), weight: f.number(), keeper: f.text() },
  key: ['code'],
  access: {
    read: any(role('viewer', 'manager'), owns('keeper')),
    write: role('manager'),
    undo: role('system'),
    ingest: role('owner'),
  },
})
const kite = resource('kite', {
  fields: { code: f.text() },
  key: ['code'],
  view: true,
  access: { read: everybody },
})
const resources = new Map([toy, kite].map((each) => [each.name, each]))
const reach = reachOf(resources)
const VERBS = ['read', 'create', 'update', 'ingest', 'undo'] as const
const FIELDS = ['code', 'colour', 'weight'] as const
const kim: Actor = { id: 'kim', name: 'Kim', roles: [] }

const moment = fc.integer({ min: 0, max: 10 })
const rule: fc.Arbitrary<Rule | null> = fc.constantFrom(
  null,
  owns('keeper'),
  compare('colour', '=', 'red'),
  compare('weight', '<', 3),
)
const permission = fc
  .tuple(fc.constantFrom('*', 'toy', 'kite'), fc.constantFrom('*', ...VERBS))
  .map((parts) => parts.join(':'))
const gift: fc.Arbitrary<Gift> = fc.record({
  permission,
  rule,
  fields: fc.option(fc.uniqueArray(fc.constantFrom(...FIELDS)), { nil: null }),
  from: fc.oneof(fc.constant(Number.NEGATIVE_INFINITY), moment),
  until: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), moment),
})
const grant: fc.Arbitrary<Grant> = fc
  .tuple(gift, fc.constantFrom('allow' as const, 'allow' as const, 'deny' as const), fc.boolean(), fc.uuid())
  .map(([parts, effect, delegable, id]) => ({
    ...parts,
    id,
    effect,
    delegable,
    holder: { kind: 'role' as const, id: 'staff' },
    by: 'test',
    reason: 'test',
  }))
const grants = fc.array(grant, { maxLength: 8 })
const row = fc.record({
  code: fc.constantFrom('a', 'b'),
  colour: fc.constantFrom('red', 'blue', null),
  weight: fc.constantFrom(1, 5, null),
  keeper: fc.constantFrom('kim', 'ann', null),
})

/** The decision as the reference says it, without compiling anything. */
function naively(
  held: readonly Grant[],
  name: string,
  verb: string,
  at: Row,
  now: number,
  field: string,
): boolean {
  const declared = resources.get(name)!.access[verb]
  if (!declared || isNobody(declared)) return false
  const speaks = (each: Grant) => {
    const own = parsePermission(each.permission)!
    const open = each.from <= now && now < each.until && covers(own, { resource: name, verb })
    const wide = each.permission.includes('*') && each.effect === 'allow'
    const reached = !wide || matches(declared, at, { ...kim, roles: ['owner'] })
    return open && reached && (each.rule === null || matches(each.rule, at, kim))
  }
  const speaking = held.filter(speaks)
  if (speaking.some((each) => each.effect === 'deny' && each.fields === null)) return false
  if (speaking.some((each) => each.effect === 'deny' && each.fields?.includes(field))) return false
  return speaking.some(
    (each) => each.effect === 'allow' && (each.fields === null || each.fields.includes(field)),
  )
}

test('a compiled program decides every verb, record and field as the grants say', () => {
  fc.assert(
    fc.property(grants, row, moment, (held, at, now) => {
      const program = compileGrants(held, reach, now)
      for (const name of resources.keys())
        for (const verb of VERBS) {
          const access = program.access(name, verb)
          const may = matches(access.rule, at, kim)
          for (const field of FIELDS) {
            const open = may && has(fieldsOpen(access, at, kim), field)
            assert.equal(open, naively(held, name, verb, at, now, field), `${name}:${verb} ${field}`)
            if (may && has(access.always, field)) assert.ok(open, `${field} is said to be always open`)
          }
        }
    }),
    { numRuns: 3_000 },
  )
})

test('a program holds until the next moment at which a grant begins or ends, and no longer', () => {
  fc.assert(
    fc.property(grants, moment, (held, now) => {
      const { until } = compileGrants(held, reach, now)
      const verdicts = (time: number) =>
        JSON.stringify(VERBS.map((verb) => compileGrants(held, reach, time).access('toy', verb).rule))
      assert.ok(until > now)
      for (let time = now; time < Math.min(until, 12); time++) assert.equal(verdicts(time), verdicts(now))
    }),
    { numRuns: 1_000 },
  )
})

test('a credential with scopes has what its holder has within them, and nothing else', () => {
  const held: Grant[] = [{ ...allow('toy:*'), rule: compare('colour', '=', 'red') }]
  const narrow = compileGrants(held, reach, 0, ['*:read', 'kite:*', 'nonsense'])
  assert.deepEqual(narrow.access('toy', 'read').rule, compare('colour', '=', 'red'))
  assert.ok(isNobody(narrow.access('toy', 'update').rule))
  assert.ok(isNobody(narrow.access('kite', 'read').rule))
  assert.ok(isNobody(compileGrants(held, reach, 0, []).access('toy', 'read').rule))
})

test('nobody can give on more than what was given: what a gift opens, its giver had', () => {
  let given = 0
  fc.assert(
    fc.property(grants, gift, row, moment, fc.integer({ min: 0, max: 12 }), (held, wish, at, now, later) => {
      if (whyNotGive(held, wish, reach, now) !== undefined) return
      given++
      const then = now + later
      const receiver = compileGrants([{ ...allow('x:y'), ...wish }], reach, then)
      // What is denied to the giver is refused beforehand; a denial that begins later does not reach back.
      const giver = compileGrants(
        held.filter(({ effect }) => effect === 'allow'),
        reach,
        then,
      )
      if (held.some((each) => each.permission === '*:*' && each.delegable)) return
      for (const verb of VERBS) {
        const [got, had] = [receiver.access('toy', verb), giver.access('toy', verb)]
        if (!matches(got.rule, at, ann)) continue
        assert.ok(matches(had.rule, at, ann), `${wish.permission} opens ${verb}`)
        for (const field of FIELDS)
          if (has(fieldsOpen(got, at, ann), field)) assert.ok(has(fieldsOpen(had, at, ann), field), field)
      }
    }),
    { numRuns: 20_000 },
  )
  assert.ok(given > 100, `only ${given} gifts were allowed`)
})

test('what is refused to be given says why', () => {
  const cases: [Grant[], Partial<Gift>, RegExp | undefined][] = [
    [[allow('toy:read')], {}, undefined],
    [[allow('*:*')], { permission: 'toy:undo' }, undefined],
    [[allow('toy:*')], { permission: 'toy:undo' }, /does not hold/],
    [[], {}, /does not hold toy:read/],
    [[allow('kite:read')], {}, /does not hold/],
    [[allow('toy:read')], { permission: 'toy:*' }, /does not hold/],
    [[{ ...allow('toy:read'), delegable: false }], {}, /may not give it on/],
    [[{ ...allow('toy:read'), until: 5 }], {}, /that long/],
    [[{ ...allow('toy:read'), until: 5 }], { until: 5 }, undefined],
    [[{ ...allow('toy:read'), until: 0 }], { until: 0 }, /does not hold/],
    [[{ ...allow('toy:read'), rule: compare('colour', '=', 'red') }], {}, /fewer records/],
    [
      [{ ...allow('toy:read'), rule: compare('colour', '=', 'red') }],
      { rule: compare('colour', '=', 'red') },
      undefined,
    ],
    [[{ ...allow('toy:read'), rule: owns('keeper') }], { rule: owns('keeper') }, /fewer records/],
    [[{ ...allow('toy:read'), fields: ['code'] }], {}, /fewer records/],
    [[{ ...allow('toy:read'), fields: ['code'] }], { fields: ['code'] }, undefined],
    [[{ ...allow('toy:read'), fields: ['code'] }], { fields: ['colour'] }, /fewer records/],
    [[allow('toy:read'), { ...allow('*:read'), effect: 'deny' }], {}, /denied/],
    [[allow('toy:*'), { ...allow('toy:update'), effect: 'deny' }], { permission: 'toy:*' }, /denied/],
  ]
  for (const [held, wish, expected] of cases) {
    const why = whyNotGive(held, { ...allow('toy:read'), ...wish }, reach, 1)
    if (expected) assert.match(why ?? 'given', expected)
    else assert.equal(why, undefined)
  }
})

test('what is shipped says of each role what the declaration says of it', () => {
  const said = (each: { role: string; permission: string; rule: Rule | null }) =>
    `${each.role} ${each.permission}${each.rule ? ` ${each.rule.op}` : ''}`
  assert.deepEqual(shippedGrants(resources.values()).map(said), [
    'owner *:*',
    'everyone toy:read owns',
    'viewer toy:read',
    'manager toy:read',
    'everyone toy:history owns',
    'viewer toy:history',
    'manager toy:history',
    'everyone toy:export owns',
    'viewer toy:export',
    'manager toy:export',
    'manager toy:create',
    'manager toy:update',
    'everyone kite:read',
    'everyone kite:history',
    'everyone kite:export',
  ])
  assert.deepEqual(systemGrants(resources.values()).map(said), [
    'system toy:read owns',
    'system toy:history owns',
    'system toy:export owns',
    'system toy:undo',
    'system kite:read',
    'system kite:history',
    'system kite:export',
  ])
})

const ann: Actor = { id: 'ann', name: 'Ann', roles: [] }

function allow(text: string): Grant {
  return {
    id: 'g',
    holder: { kind: 'role', id: 'staff' },
    effect: 'allow',
    permission: text,
    rule: null,
    fields: null,
    from: Number.NEGATIVE_INFINITY,
    until: Number.POSITIVE_INFINITY,
    delegable: true,
    by: 'test',
    reason: 'test',
  }
}

test('sets of names are those of their members', () => {
  const all = ['a', 'b', 'c']
  const set = fc.oneof(
    fc.constant(null),
    fc
      .tuple(fc.boolean(), fc.subarray(all))
      .map(([except, names]) => minus(except ? null : only(all), only(names))),
  )
  fc.assert(
    fc.property(set, set, fc.constantFrom(...all), (left, right, name) => {
      const [l, r] = [has(left, name), has(right, name)]
      assert.equal(has(union(left, right), name), l || r)
      assert.equal(has(intersection(left, right), name), l && r)
      assert.equal(has(minus(left, right), name), l && !r)
    }),
  )
  assert.equal(minus(null, only([])), null, 'nothing taken from all is all')
})
