import { pino } from 'pino'
import { catalog } from '../../src/areas/catalog/area.ts'
import { createBook } from '../../src/engine/access/book.ts'
import type { Engine } from '../../src/engine/types.ts'
import type { Job } from '../../src/kernel/area.ts'
import { f } from '../../src/kernel/fields/index.ts'
import { resource } from '../../src/kernel/resource.ts'
import { role } from '../../src/kernel/rule.ts'
import { openPool } from '../../src/store/pool.ts'
import { startRunner } from '../../src/work/runner.ts'

const FOREVER_MS = 600_000

/** What the house's own work may write, in these tests. */
export const note = resource('note', {
  fields: { code: f.text({ line: true }), about: f.text({ optional: true }) },
  key: ['code'],
  access: { read: role('system', 'viewer'), write: role('system', 'manager') },
})
export const noteTable = `create table note (id uuid primary key, version bigint not null default 1, created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(), code text not null unique, about text)`

/** Writes a note before and a note after; in between it takes forever, where that is asked for. */
export function twoNotes(hang: boolean, told: (line: string) => void = () => undefined): Job {
  return {
    name: 'test.two',
    async run({ code }, { perform, signal }) {
      await perform({ resource: 'note', action: 'create', input: { code: `${code} before` } })
      told(`began ${code}`)
      if (hang) await new Promise((_, reject) => endless(signal, reject))
      await perform({ resource: 'note', action: 'create', input: { code: `${code} after` } })
    },
  }
}

function endless(signal: AbortSignal, reject: (reason: Error) => void): void {
  const timer = setTimeout(() => undefined, FOREVER_MS)
  signal.addEventListener('abort', () => {
    clearTimeout(timer)
    reject(signal.reason)
  })
}

/** A worker in a process of its own: it says on stdout which jobs it began. */
export async function workAlone(connectionString: string, hang: boolean): Promise<void> {
  const pool = openPool({ connectionString })
  const resources = new Map([...catalog.resources, note].map((each) => [each.name, each]))
  const engine: Engine = {
    pool,
    resources,
    access: createBook(resources),
    wake() {},
  }
  const job = twoNotes(hang, (line) => process.stdout.write(`${line}\n`))
  await startRunner({ engine, pool, jobs: [job], schedules: [], log: pino({ level: 'silent' }) })
}
