import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { uuidv7 } from '../../kernel/uuid.ts'
import { FetchError, type FetchResponse } from '../../ports/fetch.ts'
import { templateByName } from '../../store/imports.ts'
import type { SourceRecord } from '../../store/sources.ts'
import { takeIn } from './intake.ts'
import type { Brought, RunRequest, SourceContext } from './types.ts'

const DOWNLOAD_BYTES_MAX = 512 * 1024 ** 2

/**
 * Fetches the file of an address and takes it in. What did not change since the last good run (304, or the same bytes) is
 * no work. The file is named after the source: addresses of feeds are credentials, and names of imports are shown.
 */
export async function fromAddress(
  context: SourceContext,
  source: SourceRecord,
  request: RunRequest,
): Promise<Brought> {
  const template = await templateVersion(context, source)
  const isKnown = !request.force && !request.dryRun && source.content?.endsWith(`/${template}`) === true
  const response = await context.fetch({
    url: source.location,
    bytesMax: DOWNLOAD_BYTES_MAX,
    headers: { accept: '*/*', ...source.headers, ...(isKnown ? conditions(source) : {}) },
    ...(source.auth_header ? { secretHeaders: { authorization: source.auth_header } } : {}),
  })
  const name = `${source.name}${extname(new URL(source.location).pathname)}`
  if (response.status === 304 && isKnown) {
    response.body.resume()
    return unchanged(name, remembered(response, source.content))
  }
  refuseStatus(response)
  await mkdir(context.downloads, { recursive: true })
  const path = join(context.downloads, `${uuidv7()}.part`)
  try {
    const content = `${await download(response, path)}/${template}`
    const remember = remembered(response, content)
    if (isKnown && content === source.content) return unchanged(name, remember)
    const report = await takeIn(context, source, { name, body: createReadStream(path) }, request)
    return { files: [report], remember }
  } finally {
    await rm(path, { force: true })
  }
}

function conditions({ etag, last_modified: modified }: SourceRecord): Record<string, string> {
  return {
    ...(etag ? { 'if-none-match': etag } : {}),
    ...(modified ? { 'if-modified-since': modified } : {}),
  }
}

function remembered({ headers }: FetchResponse, content: string | null) {
  return { content, etag: headers.etag ?? null, lastModified: headers['last-modified'] ?? null }
}

function unchanged(file: string, remember: Brought['remember']): Brought {
  const report = { file, outcome: 'unchanged' as const, import: null, counts: null, error: null }
  return { files: [report], ...(remember ? { remember } : {}) }
}

function refuseStatus({ status, url, body }: FetchResponse): void {
  if (status === 200) return
  body.destroy()
  throw new FetchError('fetch.status', `${new URL(url).host} answered ${status}, not with a file.`)
}

/** Writes the body to a file and returns its SHA-256. */
async function download({ body }: FetchResponse, path: string): Promise<string> {
  const hash = createHash('sha256')
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  await pipeline(body, measure, createWriteStream(path, { flags: 'wx' }))
  return hash.digest('hex')
}

/** A mapping that changed reads the same bytes anew. */
async function templateVersion({ engine }: SourceContext, { template }: SourceRecord): Promise<number> {
  return template ? ((await templateByName(engine.pool, template))?.version ?? 0) : 0
}
