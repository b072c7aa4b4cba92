import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cliHome } from '../support/cli.ts'

test('a newcomer lets a program in, sees what it may do and why, and shuts it out', async (t) => {
  const { serai, json } = await cliHome(t)
  const wrong = await serai(
    'clients',
    'create',
    'till-1',
    '--may',
    'product:reed',
    '--reason',
    'the new till',
  )
  assert.equal(wrong.code, 1)
  assert.match(wrong.stderr, /did you mean read\?/)
  const made = await serai(
    'clients',
    'create',
    'till-1',
    '--kind',
    'pos',
    '--may',
    'product:read',
    '--reason',
    'the new till',
  )
  assert.equal(made.code, 0, made.stderr)
  assert.match(
    made.stdout,
    /^srk_live_[0-9A-Za-z]{36}\n\nThe key of till-1, shown only this once\. It may product:read\./,
  )
  const [listed] = await json<{ name: string; keys: { prefix: string }[] }[]>('clients')
  assert.deepEqual([listed.name, listed.keys.length], ['till-1', 1])
  const rotated = await serai('clients', 'rotate', listed.keys[0].prefix, '--overlap', '1')
  assert.equal(rotated.code, 0, rotated.stderr)
  const given = await serai(
    ...['grants', 'give', 'product:update', '--client', 'till-1', '--rule', 'category == "Family"'],
    ...['--until', '30d', '--reason', 'season'],
  )
  assert.equal(given.code, 0, given.stderr)
  assert.match(given.stdout, /Given: till-1 may product:update where category == "Family" until /)
  const grants = await json<{ id: string; permission: string }[]>('grants', '--client', 'till-1')
  assert.deepEqual(grants.map(({ permission }) => permission).sort(), ['product:read', 'product:update'])
  const why = await serai('access', 'explain', 'product:update', '--client', 'till-1')
  assert.match(why.stdout, /till-1 may update products for which this holds: category == "Family"/)
  const { id } = grants.find(({ permission }) => permission === 'product:update')!
  assert.match(
    (await serai('grants', 'revoke', id, '--reason', 'over')).stdout,
    /^Revoked: till-1 may product:update/,
  )
  const after = await serai('access', 'explain', 'product:update', '--client', 'till-1')
  assert.match(after.stdout, /nothing that it holds allows it/)
  assert.match((await serai('grants', '--role', 'manager')).stdout, /manager may product:create/)
  assert.match((await serai('clients', 'deactivate', 'till-1')).stdout, /shut out from now on/)
  const usage = await serai('grants', 'give', 'product:read')
  assert.equal(usage.code, 2)
})
