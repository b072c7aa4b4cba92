import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { FetchError, FetchResponse } from './fetch.ts'
import { isPublicAddress } from './fetch-address.ts'
import { type GuardOptions, guardedFetch } from './fetch-guarded.ts'

const BYTES_MAX = 100_000

/** A server on one loopback address; everything it is asked for is counted. */
async function serve(t: TestContext, answer: RequestListener, host = '127.0.0.1', port = 0) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.headers.host}${request.url} ${request.headers.authorization ?? ''}`.trim())
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(port, host, resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, asked }
}

function get(url: string, options: GuardOptions, more: { secret?: string; bytesMax?: number } = {}) {
  return guardedFetch(options)({
    url,
    bytesMax: more.bytesMax ?? BYTES_MAX,
    ...(more.secret ? { secretHeaders: { authorization: more.secret } } : {}),
  })
}

async function textOf(response: FetchResponse): Promise<string> {
  return (await buffer(response.body)).toString()
}

function refusal(code: string) {
  return (error: FetchError) => assert.equal(error.code, code, error.message) === undefined
}

test('addresses of the public internet pass, everything else is refused', () => {
  const open = ['8.8.8.8', '1.1.1.1', '93.184.216.34', '172.32.0.1', '100.128.0.1', '2606:4700:4700::1111']
  const closed = `0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 127.0.0.1 127.255.0.1 169.254.169.254
168.63.129.16 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.1
203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 64:ff9b::7f00:1 64:ff9b:1::1
100::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 2001::1 2001:db8::1 2002:7f00:1::1 3fff::1 4000::1 5f00::1 nonsense`
  for (const address of open) assert.equal(isPublicAddress(address), true, address)
  for (const address of closed.split(/\s/)) assert.equal(isPublicAddress(address), false, address)
})

const hostile: [string, string][] = [
  ['http://example.com/', 'fetch.scheme'],
  ['file:///etc/passwd', 'fetch.scheme'],
  ['ftp://example.com/', 'fetch.scheme'],
  ['https://user:word@example.com/', 'fetch.credentials'],
  ['https://example.com@127.0.0.1/', 'fetch.credentials'],
  ['https://example.com:22/', 'fetch.port'],
  ['https://example.com:5432/', 'fetch.port'],
  ['https://127.0.0.1/', 'fetch.address'],
  ['https://127.0.0.1./', 'fetch.address'],
  ['https://2130706433/', 'fetch.address'],
  ['https://0177.0.0.1/', 'fetch.address'],
  ['https://0x7f.1/', 'fetch.address'],
  ['https://0x7f000001/', 'fetch.address'],
  ['https://127.1/', 'fetch.address'],
  ['https://①②⑦.0.0.1/', 'fetch.address'],
  ['https://169.254.169.254/latest/meta-data/', 'fetch.address'],
  ['https://[::1]/', 'fetch.address'],
  ['https://[::ffff:127.0.0.1]/', 'fetch.address'],
  ['https://[::ffff:7f00:1]:8443/', 'fetch.address'],
  ['https://[64:ff9b::10.0.0.1]/', 'fetch.address'],
  ['https://[fe80::1%25eth0]/', 'fetch.url'],
  ['https://localhost/', 'fetch.address'],
  ['https://localhost./', 'fetch.address'],
  ['https://private.test/', 'fetch.address'],
  ['https://private.test./', 'fetch.address'],
  ['https://mixed.test/', 'fetch.address'],
  ['https://none.test/', 'fetch.name'],
  ['https://', 'fetch.url'],
]

test('hostile addresses are refused before anything is sent', async (t) => {
  const { asked } = await serve(t, (_request, response) => response.end('secret'))
  const names: { [name: string]: string[] } = {
    'private.test': ['10.1.2.3'],
    'mixed.test': ['8.8.8.8', '127.0.0.1'],
    'none.test': [],
    localhost: ['127.0.0.1', '::1'],
  }
  const resolve = async (name: string) =>
    (names[name] ?? ['8.8.8.8']).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  for (const [url, code] of hostile) await assert.rejects(get(url, { resolve }), refusal(code), url)
  assert.deepEqual(asked, [])
})

test('a name is resolved once, and the connection goes to the address that was checked', async (t) => {
  const good = await serve(t, (_request, response) => response.end('good'), '127.0.0.2')
  const bad = await serve(t, (_request, response) => response.end('bad'), '127.0.0.1', good.port)
  let questions = 0
  const resolve = async () => [{ address: questions++ === 0 ? '127.0.0.2' : '127.0.0.1', family: 4 }]
  const url = `http://rebind.test:${good.port}/feed`
  const allow = [new URL(url).origin]
  assert.equal(await textOf(await get(url, { resolve, allow })), 'good')
  assert.deepEqual([questions, good.asked, bad.asked], [1, [`rebind.test:${good.port}/feed`], []])
})

test('redirects are followed three times, each checked anew, and secrets stay with their origin', async (t) => {
  const { port, asked } = await serve(t, (request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://x')
    const left = Number(searchParams.get('left'))
    const to = searchParams.get('to') ?? `/hop?left=${left - 1}`
    if (pathname === '/hop' && left > 0) response.writeHead(302, { location: to }).end()
    else response.end('there')
  })
  const here = `http://here.test:${port}`
  const there = `http://there.test:${port}`
  const options = { resolve: async () => [{ address: '127.0.0.1', family: 4 }], allow: [here, there] }
  const three = await get(`${here}/hop?left=3`, options, { secret: 'Bearer s' })
  assert.deepEqual([await textOf(three), three.url], ['there', `${here}/hop?left=0`])
  assert.deepEqual(
    asked.map((each) => each.endsWith('Bearer s')),
    [true, true, true, true],
  )
  await assert.rejects(get(`${here}/hop?left=4`, options), refusal('fetch.redirect'))
  const away = await get(`${here}/hop?left=1&to=${there}/`, options, { secret: 'Bearer s' })
  assert.equal(await textOf(away), 'there')
  assert.equal(asked.at(-1), `there.test:${port}/`)
  const before = asked.length
  const inward: [string, string][] = [
    [`http://127.0.0.1:${port}/`, 'fetch.scheme'],
    ['https://169.254.169.254/', 'fetch.address'],
    ['https://metadata.test/', 'fetch.address'],
    ['file:///etc/passwd', 'fetch.scheme'],
  ]
  for (const [to, code] of inward)
    await assert.rejects(get(`${here}/hop?left=1&to=${encodeURIComponent(to)}`, options), refusal(code), to)
  assert.equal(asked.length, before + inward.length)
})

test('bodies are bounded before and after decompression, in time and in size', async (t) => {
  const small = gzipSync('price list')
  const bomb = gzipSync(Buffer.alloc(50_000_000))
  const { port } = await serve(t, (request, response) => {
    const reply = (headers: { [name: string]: string }, body: Buffer | string) =>
      response.writeHead(200, headers).end(body)
    if (request.url === '/gzip') reply({ 'content-encoding': 'gzip' }, small)
    else if (request.url === '/bomb') reply({ 'content-encoding': 'gzip' }, bomb)
    else if (request.url === '/cut')
      response.writeHead(200, { 'content-length': '100' }).end('short', () => response.destroy())
    else if (request.url === '/odd') reply({ 'content-encoding': 'compress' }, 'x')
    else if (request.url === '/large')
      Readable.from(
        (function* () {
          for (;;) yield Buffer.alloc(10_000)
        })(),
      ).pipe(response)
    else if (request.url === '/slow') response.writeHead(200).write('x')
    else if (request.url === '/redirect-slow') response.writeHead(302, { location: '/mute' }).end()
    else if (request.url !== '/mute') reply({}, '404 is an answer')
  })
  const origin = `http://127.0.0.1:${port}`
  const options = { allow: [origin], headMs: 300, idleMs: 300 }
  assert.equal(await textOf(await get(`${origin}/gzip`, options)), 'price list')
  assert.equal(await textOf(await get(`${origin}/other`, options)), '404 is an answer')
  const failures: [string, RegExp][] = [
    ['/bomb', /more than/],
    ['/large', /more than/],
    ['/cut', /aborted|premature|closed/i],
    ['/odd', /not understood/],
    ['/slow', /stopped sending/],
    ['/mute', /did not answer/],
    ['/redirect-slow', /did not answer/],
  ]
  for (const [path, reason] of failures)
    await assert.rejects(async () => textOf(await get(origin + path, options)), reason, path)
})

test('an allowed origin is that origin only', async (t) => {
  const { port, asked } = await serve(t, (_request, response) => response.end('intra'))
  const allow = [`http://127.0.0.1:${port}`]
  assert.equal(await textOf(await get(`http://127.0.0.1:${port}/x`, { allow })), 'intra')
  await assert.rejects(get(`http://127.0.0.1:${port + 1}/`, { allow }), refusal('fetch.scheme'))
  await assert.rejects(get(`https://127.0.0.1:${port}/`, { allow }), refusal('fetch.port'))
  assert.equal(asked.length, 1)
})
