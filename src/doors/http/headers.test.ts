import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { FastifyRequest } from 'fastify'
import { isUuid } from '../../kernel/fields/ref.ts'
import { Problem } from '../../kernel/problem.ts'
import { holds, versionsOf } from './conditional.ts'
import { entityTags, idempotencyKeyOf, reasonOf, requestIdOf } from './headers.ts'
import { attachment, extended, fromExtended } from './text.ts'

const request = (headers: { [name: string]: string | string[] }) => ({ headers }) as unknown as FastifyRequest

function refusal(work: () => unknown): Problem {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof Problem, String(error))
    return error
  }
  return assert.fail('it was not refused')
}

test('a request id is taken when it is fit for logs, and made otherwise', () => {
  for (const good of ['abc', '01a1fca0-6379-7000-b20c-3a6b430e8f8c', 'a/b:c=d', 'x'.repeat(128)])
    assert.equal(requestIdOf({ 'x-request-id': good }), good)
  for (const bad of ['', ' ', 'a b', 'a\nb', 'é', '<script>', 'x'.repeat(129), ['a', 'b']])
    assert.ok(isUuid(requestIdOf({ 'x-request-id': bad })), JSON.stringify(bad))
  assert.ok(isUuid(requestIdOf({})))
})

const keys: [string | string[], boolean][] = [
  ['8e03978e-40d5-43dd-bc93-6894a57f9324', true],
  ['"quoted"', true],
  ['a', true],
  ['x'.repeat(255), true],
  ['x'.repeat(256), false],
  ['', false],
  [' leading', false],
  ['tab\there', false],
  ['caf\u00e9', false],
  [['a', 'b'], false],
]
for (const [key, good] of keys)
  test(`idempotency key ${JSON.stringify(key).slice(0, 40)} is ${good ? 'taken' : 'refused'}`, () => {
    const work = () => idempotencyKeyOf(request({ 'idempotency-key': key }))
    if (good) assert.equal(work(), key)
    else assert.equal(refusal(work).status, 400)
  })

test('no idempotency key is no key', () => assert.equal(idempotencyKeyOf(request({})), null))

const reasons: [string, { [name: string]: string }, string | undefined, string | null | 400][] = [
  ['none', {}, undefined, null],
  ['blank', { 'serai-reason': '  ' }, undefined, null],
  ['ASCII', { 'serai-reason': 'supplier called' }, undefined, 'supplier called'],
  ['RFC 8187', { 'serai-reason': "UTF-8''caf%C3%A9%20%D8%B9" }, undefined, 'café ع'],
  ['RFC 8187 with a language', { 'serai-reason': "utf-8'fr'caf%C3%A9" }, undefined, 'café'],
  ['RFC 8187 that is no UTF-8', { 'serai-reason': "UTF-8''%ff" }, undefined, 400],
  ['raw bytes', { 'serai-reason': 'caf\u00e9' }, undefined, 400],
  ['the parameter wins', { 'serai-reason': 'one' }, 'عيد', 'عيد'],
  ['too long', {}, 'x'.repeat(1_001), 400],
]
for (const [name, headers, parameter, expected] of reasons)
  test(`reason: ${name}`, () => {
    if (expected === 400) assert.equal(refusal(() => reasonOf(request(headers), parameter)).status, 400)
    else assert.equal(reasonOf(request(headers), parameter), expected)
  })

const versions: [string, number[] | undefined | number][] = [
  ['"3"', [3]],
  ['"3", "5"', [3, 5]],
  ['*', undefined],
  ['W/"3", "4"', [4]],
  ['W/"3"', 412],
  ['"abc"', 412],
  [`"3-${'x'.repeat(22)}"`, [3]],
  [`"3-${'x'.repeat(21)}"`, 412],
  ['"03"', 412],
  ['""', 412],
  ['3', 400],
  ['"3', 400],
  ['"3" "4"', 400],
  ['', 400],
  [Array.from({ length: 21 }, (_, index) => `"${index + 1}"`).join(','), 400],
]
for (const [header, expected] of versions)
  test(`If-Match ${header.slice(0, 30)} → ${expected}`, () => {
    const work = () => versionsOf(request({ 'if-match': header }))
    if (typeof expected === 'number') assert.equal(refusal(work).status, expected)
    else assert.deepEqual(work(), expected)
  })

test('If-None-Match compares weakly', () => {
  const asks = (header: string) => holds(request({ 'if-none-match': header }), '"3"')
  assert.deepEqual(['"3"', 'W/"3"', '"1", "3"', '*', '"4"', '"33"'].map(asks), [
    true,
    true,
    true,
    true,
    false,
    false,
  ])
  assert.equal(holds(request({}), '"3"'), false)
  assert.equal(refusal(() => asks('3')).status, 400)
})

test('a hostile list of tags is refused in linear time', () => {
  const started = performance.now()
  refusal(() => entityTags('if-match', `${'"a",'.repeat(8_000)}x`))
  refusal(() => entityTags('if-match', ' '.repeat(30_000)))
  assert.ok(performance.now() - started < 200)
})

test('RFC 8187: every text survives the way there and back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(fromExtended(extended(text)), text.toWellFormed())
      assert.match(attachment(text), /^attachment; filename="[\x20-\x7e]*"; filename\*=UTF-8''[\x21-\x7e]*$/)
    }),
  )
})
