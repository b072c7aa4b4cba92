import fc from 'fast-check'
import { hostile, nearly, type Pool, type Schema, valid } from './values.ts'

/** A request as it is sent. */
export type Sent = {
  method: string
  url: string
  headers: { [name: string]: string }
  body?: Buffer
}
/** What is known of the house: texts that name something, ids by the plural of what they are of. */
export type Known = Pool & { idsOf(path: string): readonly string[] }

type Parameter = { name: string; in: string; required?: boolean; schema: Schema }
type Operation = {
  path: string
  method: string
  parameters?: Parameter[]
  requestBody?: { content: { [type: string]: { schema: Schema } } }
}

const TOKENS = ['owner-token', 'manager-token', 'viewer-token', 'nobody-token', 'wrong', null]
const BOUNDARY = 'xxBOUNDARYxx'

/** Requests for an operation of the document: valid, nearly valid, hostile. */
export function requestsOf(operation: Operation, known: Known): fc.Arbitrary<Sent> {
  const { path, method, parameters = [], requestBody } = operation
  const into = (place: string) => parameters.filter((each) => each.in === place)
  return fc
    .record({
      token: fc.oneof(
        { weight: 12, arbitrary: fc.constant('owner-token') },
        { weight: 3, arbitrary: fc.constantFrom(...TOKENS) },
      ),
      id: idOf(path, known),
      query: fc.tuple(...into('query').map((each, _, all) => parameter(each, known, all.length))),
      headers: fc.tuple(...into('header').map((each) => header(each))),
      body: requestBody
        ? bodyOf(requestBody.content, { ...known, ids: known.idsOf(path) })
        : fc.constant(undefined),
      stray: seldom(30, fc.tuple(fc.constantFrom('colour', 'limit', '__proto__', 'a b'), hostile)),
    })
    .map(({ token, id, query, headers, body, stray }) => {
      const given = [...query, stray && `${escaped(stray[0])}=${escaped(textOf(stray[1]))}`].filter(Boolean)
      const place = path.replace(/\{\w+\}/, () => escaped(id))
      return {
        method: method.toUpperCase(),
        url: `${place}${given.length ? `?${given.join('&')}` : ''}`,
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...Object.fromEntries(headers.filter((each) => each !== undefined)),
          ...body?.headers,
        },
        ...(body ? { body: body.bytes } : {}),
      }
    })
}

function idOf(path: string, known: Known): fc.Arbitrary<string> {
  const ids = known.idsOf(path)
  return fc.oneof(
    ...(ids.length ? [{ weight: 16, arbitrary: fc.constantFrom(...ids) }] : []),
    { weight: 1, arbitrary: fc.constantFrom(...known.texts) },
    // An empty one would be another path.
    { weight: 1, arbitrary: hostile.map((bad) => textOf(bad) || ' ') },
  )
}

const names = fc
  .uniqueArray(fc.constantFrom('id', 'version', 'created_at', '-updated_at', 'name', 'code', 'colour'), {
    minLength: 1,
    maxLength: 3,
  })
  .map((chosen) => chosen.join(','))
/** What the schema of a parameter does not say. */
const SOUND: { [name: string]: fc.Arbitrary<string> } = {
  fields: names.map((chosen) => chosen.replaceAll('-', '')),
  sort: names,
  facets: fc.constantFrom('colour', 'state', 'active', 'category'),
  expand: fc.constantFrom('friend', 'x'),
  resource: fc.constantFrom('toy', 'toys', 'product', 'nothing'),
  filter: fc.constantFrom(
    'code == "ball"',
    'version > 1',
    'id != ""',
    'created_at > timestamp("2026-01-01T00:00:00Z")',
    'active',
    'x',
  ),
}

/** About one of those that may be left out is given, so that most requests stay sound. */
function parameter({ name, required, schema }: Parameter, known: Known, of: number): fc.Arbitrary<string> {
  const sound = SOUND[name] ?? valid(schema, known)
  const value = fc.oneof(
    { weight: 8, arbitrary: sound },
    { weight: 1, arbitrary: nearly(schema, known) },
    { weight: 1, arbitrary: hostile },
  )
  const given = value.map((each) => `${escaped(name)}=${escaped(textOf(each))}`)
  return required
    ? fc.oneof({ weight: 20, arbitrary: given }, { weight: 1, arbitrary: fc.constant('') })
    : fc.oneof({ weight: of + 2, arbitrary: fc.constant('') }, { weight: 1, arbitrary: given })
}

const HEADERS: { [name: string]: fc.Arbitrary<string> } = {
  'If-Match': fc.constantFrom('"1"', '"2"', '*', '"1", "2"', 'W/"1"', '"x"', '1', ''),
  'If-None-Match': fc.constantFrom('"1"', '*', '"x", W/"y"', '"'),
  'Idempotency-Key': fc.constantFrom('k1', 'k2', 'k3', '', 'x'.repeat(256), 'a b'),
  'Serai-Reason': fc.constantFrom('spring', "UTF-8''caf%C3%A9", "UTF-8''%zz", ' ', 'x'.repeat(3_000)),
  'Last-Event-ID': fc.constantFrom('MTIzNS42', 'nonsense', ''),
}

function header({ name }: Parameter): fc.Arbitrary<[string, string] | undefined> {
  const value = HEADERS[name] ?? fc.constantFrom('x', '')
  return seldom(
    8,
    value.map((each) => [name.toLowerCase(), each]),
  )
}

/** A value once in so many times, undefined otherwise. */
function seldom<Value>(times: number, value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> {
  return fc.oneof({ weight: times - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value })
}

type Body = { bytes: Buffer; headers: { [name: string]: string } }

function bodyOf(
  content: { [type: string]: { schema: Schema } },
  known: Known,
): fc.Arbitrary<Body | undefined> {
  const types = Object.keys(content)
  const sound = fc.constantFrom(...types).chain((type) => bytesOf(type, content[type].schema, known))
  return fc.oneof(
    { weight: 20, arbitrary: sound },
    { weight: 1, arbitrary: fc.constant(undefined) },
    {
      weight: 1,
      arbitrary: fc.record({
        bytes: fc.oneof(
          fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
          fc
            .constantFrom('{', '[]', '""', '{"a":1}{', `${'['.repeat(200)}`, '\ufeff{}', '')
            .map((each) => Buffer.from(each)),
        ),
        headers: fc
          .constantFrom(...types, 'text/plain', 'application/xml', 'x', 'application/json; charset=latin1')
          .map((type) => ({ 'content-type': type })),
      }),
    },
  )
}

function bytesOf(type: string, schema: Schema, known: Known): fc.Arbitrary<Body> {
  if (type === 'application/octet-stream')
    return files.map((bytes) => ({ bytes, headers: { 'content-type': type } }))
  if (type === 'multipart/form-data')
    return files.map((bytes) => ({
      bytes: form(bytes),
      headers: { 'content-type': `${type}; boundary=${BOUNDARY}` },
    }))
  return fc
    .oneof(
      { weight: 6, arbitrary: valid(schema, known) },
      { weight: 4, arbitrary: nearly(schema, known) },
      { weight: 1, arbitrary: hostile },
    )
    .map((value) => ({
      bytes: Buffer.from(JSON.stringify(value) ?? ''),
      headers: { 'content-type': type },
    }))
}

const line = (code: string, weight: unknown) => `${JSON.stringify({ code, weight })}\n`
const files: fc.Arbitrary<Buffer> = fc.oneof(
  fc
    .tuple(fc.constantFrom('ball', 'bat', 'kite'), fc.oneof(fc.nat(9), hostile))
    .map(([code, weight]) => Buffer.from(line(code, weight))),
  fc
    .tuple(fc.constantFrom('code,weight', 'code;weight', 'Code\tWeight', 'x'), fc.nat(99))
    .map(([head, weight]) => Buffer.from(`${head}\nball${head[4] ?? ','}${weight}\n`)),
  fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom('', '<html>', 'PK\u0003\u0004', '[{"code": "ball"}]', '{').map((each) => Buffer.from(each)),
)

function form(file: Buffer): Buffer {
  const part = (head: string) => `--${BOUNDARY}\r\nContent-Disposition: form-data; ${head}\r\n\r\n`
  return Buffer.concat([
    Buffer.from(`${part('name="resource"')}toy\r\n${part('name="file"; filename="toys.jsonl"')}`),
    file,
    Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
  ])
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

function escaped(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}
