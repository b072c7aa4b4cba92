import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { withLock } from './lock.ts'

const nameOf = (test: string) => `/home/of/${test}/${process.pid}`

test('work under one lock never overlaps, under two it does', async () => {
  const running = { same: 0, other: 0, sameMax: 0 }
  const same = Array.from({ length: 8 }, () =>
    withLock(nameOf('a'), async () => {
      running.sameMax = Math.max(running.sameMax, ++running.same)
      await sleep(5)
      running.same--
    }),
  )
  const other = withLock(nameOf('b'), async () => running.same)
  assert.equal(await other, 1)
  await Promise.all(same)
  assert.equal(running.sameMax, 1)
})

test('it is given back when the work fails', async () => {
  await assert.rejects(
    withLock(nameOf('c'), async () => {
      throw new Error('work failed')
    }),
    /work failed/,
  )
  assert.equal(await withLock(nameOf('c'), async () => 'in', 0), 'in')
})

test('a lock that stays taken ends in a message', async () => {
  await withLock(nameOf('d'), () =>
    assert.rejects(
      withLock(nameOf('d'), async () => 'in', 60),
      (error: { code?: string; message: string }) => {
        assert.equal(error.code, 'lock_timeout')
        assert.match(error.message, /starting or stopping the database in \/home\/of\/d.*postgres\.log/)
        return true
      },
    ),
  )
})

test('it vanishes with a holder that is killed', async () => {
  const lock = new URL('./lock.ts', import.meta.url).href
  const script = `const { withLock } = await import('${lock}')
await withLock('${nameOf('e')}', () => new Promise(() => { console.log('held'); setInterval(() => {}, 1000) }))`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script])
  await once(holder.stdout, 'data')
  const waiting = withLock(nameOf('e'), async () => 'in', 10_000)
  const early = await Promise.race([waiting, sleep(80, 'still held')])
  assert.equal(early, 'still held')
  holder.kill('SIGKILL')
  assert.equal(await waiting, 'in')
})
