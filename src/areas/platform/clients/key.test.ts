import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWithin, parseRange } from './addresses.ts'
import { checksum, hashKey, isKey, newKey, shownPrefix } from './key.ts'

test('the checksum of a key is the one of its vectors', () => {
  assert.equal(checksum('0123456789ABCDEFGHIJKLMNOPQRST'), '4PMbyp')
  assert.equal(checksum('z'.repeat(30)), '4IlJEz')
})

test('a new key is a key, and no key with one character changed is one', () => {
  for (const kind of ['live', 'test'] as const) {
    const key = newKey(kind)
    assert.match(key, /^srk_(live|test)_[0-9A-Za-z]{36}$/)
    assert.ok(isKey(key))
    for (let at = 0; at < key.length; at++)
      assert.ok(!isKey(`${key.slice(0, at)}${key[at] === 'x' ? 'y' : 'x'}${key.slice(at + 1)}`), `at ${at}`)
  }
  for (const text of [
    '',
    'srk_live_',
    newKey().slice(0, -1),
    `${newKey()}0`,
    newKey().toUpperCase(),
    ` ${newKey()}`,
  ])
    assert.ok(!isKey(text), text)
  assert.equal(new Set(Array.from({ length: 1_000 }, () => newKey())).size, 1_000)
})

test('what is stored of a key does not hold it', () => {
  const key = newKey()
  assert.equal(hashKey(key).length, 43)
  assert.equal(shownPrefix(key), key.slice(0, 13))
  assert.ok(!hashKey(key).includes(key.slice(13)))
})

test('an address is within a range or not', () => {
  const cases: [string, string[], boolean][] = [
    ['10.1.2.3', ['10.0.0.0/8'], true],
    ['11.1.2.3', ['10.0.0.0/8'], false],
    ['10.1.2.3', ['10.1.2.3'], true],
    ['10.1.2.4', ['10.1.2.3'], false],
    ['10.1.2.3', ['192.0.2.0/24', '10.1.0.0/16'], true],
    ['::ffff:10.1.2.3', ['10.0.0.0/8'], true],
    ['2001:db8::1', ['2001:db8::/32'], true],
    ['2001:db9::1', ['2001:db8::/32'], false],
    ['10.1.2.3', ['::/0'], false],
    ['2001:db8::1', ['0.0.0.0/0'], false],
    ['10.1.2.3', [], false],
    ['nonsense', ['0.0.0.0/0', '::/0'], false],
    ['10.1.2.3', ['nonsense'], false],
  ]
  for (const [address, ranges, expected] of cases)
    assert.equal(isWithin(address, ranges), expected, `${address} in ${ranges}`)
  for (const text of ['10.0.0.0/33', '10.1/8', '0x0a.0.0.1', '300.1.1.1', '', '10.0.0.0/8/8', 'example.com'])
    assert.equal(parseRange(text), undefined, text)
})
