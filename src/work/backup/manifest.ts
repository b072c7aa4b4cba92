import { createHash } from 'node:crypto'
import type { Measure, SequenceState, SnapshotColumn } from '../../store/snapshot.ts'
import { BackupError } from './error.ts'

/** Raised when the meaning of the manifest or the files changes. */
export const FORMAT = 1
export const MANIFEST_FILE = 'manifest.json'

/** A file of the backup as it lies on disk. */
export type StoredFile = { path: string; bytes: number; sha256: string }
/** `bytes`, `rows` and `sha256` are of the uncompressed COPY text. */
export type BackedTable = Measure & {
  name: string
  columns: SnapshotColumn[]
  key: string[]
  file: StoredFile
}
/** `version` is the object store's own: an object that still has it need not be read again. */
export type BackedObject = { key: string; size: number; sha256: string; version: string }
/** Figures that a restore must give again; null where there is no catalog. */
export type Stats = { products: number; active: number } | null

/** What the backup holds. Never changed once written. */
export type Content = {
  app_version: string
  /** The last of `migrations`, '' for an empty database. */
  schema_version: string
  migrations: string[]
  postgres_version: string
  /** Which cluster and database it was written in. */
  origin: string
  created_at: string
  reason: string
  scope: 'all'
  /** Equal markers: nothing was recorded between the two. Null where there is no log to tell. */
  marker: string | null
  tables: BackedTable[]
  objects: BackedObject[]
  sequences: SequenceState[]
  stats: Stats
}

/** What is learned of the backup later. */
export type State = { pinned: boolean; verified_at: string | null; outcome: string | null }

/** `manifest.json`. A signature would stand beside the two hashes, over `content_sha256`. */
export type Manifest = {
  format: number
  sha256: string
  content_sha256: string
  content: Content
  state: State
}

/** The manifest with its hashes. */
export function sealManifest(content: Content, state: State): Manifest {
  const open = { format: FORMAT, sha256: '', content_sha256: hash(JSON.stringify(content)), content, state }
  return { ...open, sha256: hash(writeManifest(open)) }
}

/** The bytes of `manifest.json`: one manifest has one form, so that any altered byte shows. */
export function writeManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 1)}\n`
}

/** Throws `BackupError` for a manifest that was altered or that a newer program wrote. `name` is for the message. */
export function readManifest(name: string, text: string): Manifest {
  const manifest = parse(name, text)
  if (typeof manifest.format === 'number' && manifest.format > FORMAT)
    throw new BackupError(
      'backup.too_new',
      `${name} has the format ${manifest.format}; this Serai reads up to ${FORMAT}. Nothing was changed. Use the newer version that wrote it.`,
    )
  const expected = { ...manifest, sha256: '' }
  const whole = writeManifest(manifest) === text && hash(writeManifest(expected)) === manifest.sha256
  if (!whole || hash(JSON.stringify(manifest.content)) !== manifest.content_sha256) throw altered(name)
  return manifest
}

function parse(name: string, text: string): Manifest {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Manifest
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw altered(name)
}

function altered(name: string): BackupError {
  return new BackupError(
    'backup.altered',
    `${name}/${MANIFEST_FILE} was altered or is incomplete: it does not match its own hash. Nothing was changed. Use another backup.`,
  )
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
