import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { KeyringError } from './keyring.ts'
import { addKey, openKeyring } from './keyring-file.ts'

function keyFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'serai-keys-'))
  chmodSync(folder, 0o700)
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'keys')
}

test('what is sealed opens where it belongs, and any bit that is flipped closes it', (t) => {
  const keys = openKeyring(keyFile(t))
  const sealed = keys.seal('JBSWY3DPEHPK3PXP', 'factor|totp|a|b')
  assert.equal(keys.open(sealed, 'factor|totp|a|b'), 'JBSWY3DPEHPK3PXP')
  assert.notEqual(keys.seal('JBSWY3DPEHPK3PXP', 'factor|totp|a|b'), sealed)
  assert.throws(() => keys.open(sealed, 'factor|totp|a|c'), KeyringError)
  const [id, body] = sealed.split('.')
  const bytes = Buffer.from(body, 'base64url')
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes)
    flipped[bit >> 3] ^= 1 << (bit & 7)
    assert.throws(
      () => keys.open(`${id}.${flipped.toString('base64url')}`, 'factor|totp|a|b'),
      KeyringError,
      `bit ${bit}`,
    )
  }
  for (const broken of ['', id, `${id}.`, `${id}.AAAA`, `x.${body}`])
    assert.throws(() => keys.open(broken, 'factor|totp|a|b'), KeyringError, broken)
})

test('a new key is used at once by whoever opens the file, and found by whoever had opened it before', (t) => {
  const path = keyFile(t)
  const before = openKeyring(path)
  const sealed = before.seal('old', 'x')
  const id = addKey(path)
  const after = openKeyring(path)
  assert.deepEqual([after.current, after.isOld(sealed), after.open(sealed, 'x')], [id, true, 'old'])
  assert.equal(before.open(after.seal('new', 'x'), 'x'), 'new')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(readFileSync(path, 'utf8').trim().split('\n').length, 2)
  assert.notDeepEqual(after.mac('a', 'x'), after.mac('b', 'x'))
})

test('keys may be given instead of a file, and nonsense is refused without repeating it', (t) => {
  const key = randomBytes(32).toString('base64')
  const keys = openKeyring(keyFile(t), `k2:${key},k1:${randomBytes(32).toString('base64')}`)
  assert.equal(keys.current, 'k2')
  for (const wrong of ['', ' ', 'k1', 'k1:short', `k1:${key},k2:${key.slice(4)}`, `K 1:${key}`].slice(1))
    assert.throws(
      () => openKeyring('/nowhere', wrong),
      (error: Error) => error instanceof KeyringError && !error.message.includes(key),
    )
})
