import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FastifyRequest } from 'fastify'
import { Problem } from '../../kernel/problem.ts'
import { checkUrl, flagOf, limitOf, nextLink, onlyNames, QUERY_CHARACTERS_MAX, wordOf } from './parameters.ts'

const refused = (work: () => unknown, detail: RegExp) =>
  assert.throws(work, (error) => {
    assert.ok(error instanceof Problem)
    assert.equal(error.status, 400)
    assert.match(error.message, detail)
    return true
  })

test('a query string has a limit, and no zero byte', () => {
  checkUrl(`/api/products?q=${'x'.repeat(QUERY_CHARACTERS_MAX - 2)}`)
  refused(() => checkUrl(`/api/products?q=${'x'.repeat(QUERY_CHARACTERS_MAX - 1)}`), /at most 16384/)
  refused(() => checkUrl('/api/products/%00'), /zero byte/)
  checkUrl('/api/products/%2500')
})

test('a parameter that is not known is refused with the one that was meant', () => {
  assert.deepEqual(onlyNames({ limit: '1' }, ['limit'], 'query parameter'), { limit: '1' })
  refused(() => onlyNames({ limt: '1' }, ['limit'], 'query parameter'), /did you mean limit\?/)
  refused(() => onlyNames({ zzz: '1' }, ['limit', 'before'], 'query parameter'), /there are limit, before\./)
  refused(() => onlyNames({ zzz: '1' }, [], 'query parameter'), /there are none here\./)
  refused(() => onlyNames({ limit: ['1', '2'] }, ['limit'], 'query parameter'), /given 2 times/)
  refused(() => onlyNames({ constructor: '1' }, ['limit'], 'query parameter'), /no query parameter/)
})

test('flags, sizes and words say what they may be', () => {
  assert.deepEqual(
    [flagOf('a', undefined), flagOf('a', ''), flagOf('a', 'true'), flagOf('a', 'false')],
    [false, true, true, false],
  )
  refused(() => flagOf('dry_run', 'yes'), /dry_run must be true or false, got "yes"/)
  assert.deepEqual([limitOf(undefined), limitOf('500')], [50, 500])
  for (const bad of ['0', '501', '-1', '1.5', '1e2', ' 1', '0x10', ''])
    refused(() => limitOf(bad), /from 1 to 500/)
  assert.equal(wordOf('verdict', 'new', ['new', 'same']), 'new')
  refused(() => wordOf('verdict', 'neu', ['new', 'same']), /one of new, same/)
})

test('the next page is the same URL with another cursor', () => {
  const link = (url: string) => nextLink({ url } as FastifyRequest, 'cursor', 'a.b')
  assert.equal(link('/api/products'), '</api/products?cursor=a.b>; rel="next"')
  assert.equal(
    link('/api/products?cursor=old&q=a%20%3E%22b'),
    '</api/products?cursor=a.b&q=a+%3E%22b>; rel="next"',
  )
})
