import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rateLimiter } from './rate.ts'

test('a caller has so many requests in a window, and all of them again in the next', () => {
  let now = 1_000
  const allowance = rateLimiter({ requests: 2, windowSeconds: 10 }, () => now)
  assert.deepEqual(
    [allowance('a'), allowance('a'), allowance('b')],
    [
      { left: 1, resetSeconds: 10 },
      { left: 0, resetSeconds: 10 },
      { left: 1, resetSeconds: 10 },
    ],
  )
  now += 9_500
  assert.deepEqual(allowance('a'), { left: -1, resetSeconds: 1 })
  now += 500
  assert.deepEqual(allowance('a'), { left: 1, resetSeconds: 10 })
})
