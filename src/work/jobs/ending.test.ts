import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createEnding, type Ending } from './ending.ts'

const HEED_MS = 50
const late = new Error('too late')
const own = new Error('its own')

/** What a job does, when it is told to end (null: never), and how it is said to have ended. */
const cases: [string, (ending: Ending) => Promise<void>, number | null, 'done' | Error][] = [
  ['ends by itself', async () => undefined, null, 'done'],
  ['fails by itself', () => Promise.reject(own), null, own],
  ['fails when it is told to end', ({ signal }) => heed(signal), 10, late],
  ['was told to end before it looked', ({ signal }) => heed(signal), 0, late],
  ['ends well although it was told to end', () => sleep(30), 10, 'done'],
  ['does not listen', () => sleep(500), 10, late],
]
for (const [name, work, toldMs, expected] of cases)
  test(`a job that ${name}`, async () => {
    const ending = createEnding(HEED_MS)
    if (toldMs === 0) ending.end(late)
    else if (toldMs !== null) setTimeout(() => ending.end(late), toldMs)
    const outcome = await ending.settle(work(ending)).then(
      () => 'done' as const,
      (error: Error) => error,
    )
    assert.equal(outcome, expected)
  })

function heed(signal: AbortSignal): Promise<void> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(own)
    else signal.addEventListener('abort', () => reject(own))
  })
}

test('the first reason counts, and a signal asked for later is aborted already', () => {
  const ending = createEnding(HEED_MS)
  ending.end(late)
  ending.end(own)
  assert.equal(ending.reason, late)
  assert.equal(ending.signal.aborted, true)
  assert.equal(ending.signal.reason, late)
})
