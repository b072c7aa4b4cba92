import { createWriteStream } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { rememberFile, type SeenFile, type SourceRecord, seenFiles } from '../../store/sources.ts'
import { takeIn } from './intake.ts'
import {
  allowedFolder,
  candidates,
  readPlain,
  type Shape,
  StillWritten,
  sameShape,
  shapeOf,
} from './place.ts'
import { type Brought, type FileReport, type RunRequest, type SourceContext, sourceActor } from './types.ts'

const FILES_MAX = 100
const STILL_MS = 2_000
/** The folder can be read and not written: its files stay, and are remembered instead. */
const READ_ONLY = new Set(['EROFS', 'EACCES', 'EPERM'])

type Waiting = { name: string; shape: Shape }

/**
 * Takes the whole files of a folder in, in the order of their names, at most 100 a run. What was taken in moves to `done/`
 * beside it, what was refused to `failed/` with the reason.
 */
export async function fromFolder(
  context: SourceContext,
  source: SourceRecord,
  request: RunRequest,
): Promise<Brought> {
  const folder = await allowedFolder(source.location, context.folders)
  const seen = request.force ? new Map<string, SeenFile>() : await seenFiles(context.engine.pool, source.id)
  const names = await candidates(folder, source.pattern)
  const files: FileReport[] = []
  for (const file of await wholeFiles(folder, names, seen, context.stillMs ?? STILL_MS)) {
    const report = await takeFile(context, source, folder, file, request)
    if (report) files.push(report)
  }
  return { files }
}

/** New files that nobody wrote to for a moment. */
async function wholeFiles(
  folder: string,
  names: readonly string[],
  seen: ReadonlyMap<string, SeenFile>,
  stillMs: number,
): Promise<Waiting[]> {
  const fresh: Waiting[] = []
  for (const name of names) {
    const shape = await shapeOf(folder, name)
    if (shape && !isSeen(seen.get(name), shape)) fresh.push({ name, shape })
    if (fresh.length === FILES_MAX) break
  }
  if (fresh.length) await sleep(stillMs)
  const whole: Waiting[] = []
  for (const file of fresh) if (sameShape(file.shape, await shapeOf(folder, file.name))) whole.push(file)
  return whole
}

function isSeen(seen: SeenFile | undefined, shape: Shape): boolean {
  return seen !== undefined && seen.size === shape.size && seen.modified_ms === shape.modified_ms
}

/** Null when the file was still being written. */
async function takeFile(
  context: SourceContext,
  source: SourceRecord,
  folder: string,
  { name, shape }: Waiting,
  request: RunRequest,
): Promise<FileReport | null> {
  try {
    const body = Readable.from(readPlain(folder, name, shape), { objectMode: false })
    const report = await takeIn(context, source, { name, body }, request)
    if (!request.dryRun) await putAway(context, source, folder, { name, shape }, report)
    return report
  } catch (error) {
    if (error instanceof StillWritten) return null
    throw error
  }
}

async function putAway(
  context: SourceContext,
  source: SourceRecord,
  folder: string,
  { name, shape }: Waiting,
  report: FileReport,
): Promise<void> {
  const good = report.outcome === 'applied' || report.outcome === 'unchanged'
  const target = join(folder, good ? 'done' : 'failed')
  try {
    await ensureFolder(target)
    const moved = stamped(name)
    await rename(join(folder, name), join(target, moved))
    if (!good) await explain(context, source, target, moved, report)
  } catch (error) {
    if (!READ_ONLY.has((error as NodeJS.ErrnoException).code ?? '')) throw error
    const { size, modified_ms } = shape
    const seen = { name, size, modified_ms, outcome: report.outcome }
    await rememberFile(context.engine.pool, source.id, seen)
  }
}

// Not `recursive`: on a read-only file system Node then says ENOENT.
async function ensureFolder(path: string): Promise<void> {
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}

/** The reason beside a refused file, and its refused rows in a file that can be mended and dropped in again. */
async function explain(
  { imports }: SourceContext,
  source: SourceRecord,
  target: string,
  moved: string,
  { error, import: id, counts }: FileReport,
): Promise<void> {
  const { name, ext } = parse(moved)
  await writeFile(join(target, `${name}.reason.txt`), `${error}\n`)
  if (id === null || !counts?.rejected) return
  const { body } = await imports.rejects(id, { actor: sourceActor(source) })
  await pipeline(Readable.from(body), createWriteStream(join(target, `${name}.rejects${ext}`)))
}

/** `prices.csv` → `prices.20261121T090933123Z.csv`: a name that comes every day never covers an older one. */
function stamped(file: string): string {
  const { name, ext } = parse(file)
  return `${name}.${new Date().toISOString().replaceAll(/[-:.]/g, '')}${ext}`
}
