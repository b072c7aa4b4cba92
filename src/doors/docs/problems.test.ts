import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseSync } from '@swc/core'
import { problems } from './problems.ts'

const SOURCES = new URL('../../', import.meta.url).pathname

/** Where the code stands among the arguments of whatever makes a problem, or hands a code on to it. */
const CODE_AT: { [maker: string]: number } = {
  Problem: 1,
  IntakeError: 0,
  BackupError: 0,
  MigrationError: 0,
  badRequest: 0,
  conflict: 0,
  fail: 3,
  flagOf: 0,
  wholeOf: 0,
  wordOf: 0,
  parseFlag: 0,
  unknownName: 0,
  onlyNames: 2,
}

/** Codes that are made up while running, by where, and what they may be. */
const MADE: { [place: string]: readonly string[] } = {
  'kernel/problem.ts code': [],
  'work/imports/plan.ts error.code': [],
  'work/backup/error.ts code': ['backup.disk_full'],
  'intake/frames.ts code': [],
  'intake/readers/jsonl.ts error.code': [],
  'intake/readers/xlsx/sheet.ts faults[0].code': ['cell.damaged'],
  'intake/readers/json/state.ts code': ['json.syntax'],
  'engine/constraints.ts constraint': ['user.last_owner'],
  'engine/access/sight.ts parameter': ['filter', 'sort', 'facets', 'expand', 'q'],
  'engine/query.ts name': ['count', 'until'],
  'engine/query.ts parameter': ['fields', 'expand', 'facets'],
  'engine/query.ts where': [],
  'doors/rest/export.ts paged': ['sort', 'limit', 'cursor', 'fields', 'expand', 'facets', 'count'],
  'doors/http/body.ts found.code': ['json.syntax', 'json.depth'],
  'doors/http/headers.ts name': ['if_match', 'if_none_match'],
  'doors/http/parameters.ts what': ['query_parameter', 'import_parameter'],
  'doors/http/parameters.ts name': [],
  'doors/http/problems.ts code': [],
  'doors/http/problems.ts slug': ['form', 'request'],
  'doors/http/broken.ts code': [],
  'work/sources/place.ts ConditionalExpression': ['source.missing', 'source.folder'],
  'doors/graphql.ts header': ['idempotency_key', 'if_match', 'serai_reason'],
  'doors/graphql/limits.ts code': [
    'graphql.aliases',
    'graphql.cost',
    'graphql.depth',
    'graphql.directives',
    'graphql.root_fields',
  ],
}

type Node = { [member: string]: unknown } | null | undefined
type Made = {
  file: string
  maker: string
  code: string | undefined
  text: string
  status?: unknown
  title?: unknown
}

function* madeIn(node: unknown, file: string): Generator<Made> {
  if (typeof node !== 'object' || node === null) return
  const { type, callee, arguments: given } = node as { [member: string]: unknown }
  const maker = String((callee as Node)?.value)
  if ((type === 'NewExpression' || type === 'CallExpression') && Object.hasOwn(CODE_AT, maker)) {
    const values = (given as { expression: Node }[]).map(({ expression }) => expression)
    const at = values[CODE_AT[maker]]
    const code = at?.type === 'StringLiteral' ? String(at.value).replace(' ', '_') : undefined
    if (at) yield { file, maker, code, text: textOf(at), status: values[0]?.value, title: values[2]?.value }
  }
  for (const value of Object.values(node)) yield* madeIn(value, file)
}

/** `found.code`, `faults[0].code`, `name` of `name.replace('-', '_')`. */
function textOf(node: Node): string {
  const { type, value, object, property, expression, callee } = (node ?? {}) as { [member: string]: Node }
  switch (type as unknown) {
    case 'MemberExpression':
      return property?.type === 'Computed'
        ? `${textOf(object)}[${textOf(expressionOf(property))}]`
        : `${textOf(object)}.${textOf(property)}`
    case 'CallExpression':
      return textOf((callee as { object?: Node }).object)
    default:
      return String(value ?? (expression ? textOf(expression) : type))
  }
}

function expressionOf(node: Node): Node {
  return (node as { expression: Node }).expression
}

function madeProblems(): Made[] {
  const files = globSync('**/*.ts', { cwd: SOURCES }).filter(
    (file) => !/(test|testing)\.ts$|^doors\/docs\/problems\//.test(file),
  )
  return files.flatMap((file) => {
    const module = parseSync(readFileSync(SOURCES + file, 'utf8'), { syntax: 'typescript' })
    return [...madeIn(module.body, file)]
  })
}

/** Codes that stand as they are in types and tables. */
function* written(): Generator<string> {
  const texts: [string, RegExp][] = [
    ['work/backup/error.ts', /^ {2}'(backup\.\w+)'/gm],
    ['store/migrate.ts', /\| '(migration\.\w+)'/g],
    ['doors/http/broken.ts', /code: '([\w.]+)'/g],
  ]
  for (const [file, pattern] of texts) {
    const found = [...readFileSync(SOURCES + file, 'utf8').matchAll(pattern)].map(([, code]) => code)
    assert.ok(found.length > 1, file)
    yield* found
  }
}

test('the page of problems has every code that the source can answer with, and no other', () => {
  const made = madeProblems()
  assert.ok(made.length > 150, `${made.length} places make a problem`)
  const places = new Set(
    made.filter(({ code }) => code === undefined).map(({ file, text }) => `${file} ${text}`),
  )
  const unknown = [...places].filter((place) => !(place in MADE))
  assert.deepEqual(unknown, [], 'say in MADE which codes these places can make')
  const codes = new Set([
    ...made.flatMap(({ code }) => code ?? []),
    ...Object.values(MADE).flat(),
    ...written(),
  ])
  assert.deepEqual(
    [...codes].filter((code) => !Object.hasOwn(problems, code)),
    [],
    'write an entry in src/doors/docs/problems/',
  )
  assert.deepEqual(
    Object.keys(problems).filter((code) => !codes.has(code)),
    [],
    'no source makes these any more',
  )
})

test('the page says the status and the title that the source answers with', () => {
  for (const { file, maker, code, status, title } of madeProblems()) {
    if (code === undefined) continue
    const entry = problems[code]
    assert.ok(entry, code)
    const expected = { Problem: status, badRequest: 400, conflict: 409 }[maker]
    if (expected !== undefined)
      assert.ok(entry.statuses.includes(expected as number), `${file}: ${code} ${expected}`)
    if (maker === 'Problem' && entry.statuses.length === 1)
      assert.equal(entry.title, title, `${file}: ${code}`)
  }
})

test('every entry says something to do', () => {
  for (const [code, { meaning, remedy }] of Object.entries(problems))
    for (const text of [meaning, remedy]) assert.match(text, /^[A-Za-z].{6,}[^ ]$/, code)
})
