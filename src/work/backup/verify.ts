import { join } from 'node:path'
import { checkFiles, checkSchema } from './check.ts'
import { BackupError, explainServer } from './error.ts'
import { rehearse } from './rehearse.ts'
import { latestVerified, listShelf, readShelf, recordState } from './shelf.ts'
import type { Context, DrillReport, VerifyReport } from './types.ts'

/**
 * Proves a backup: its files, then a restore into a scratch database that is read out again. The outcome is recorded in
 * its manifest. A backup that cannot be read at all, or is too new, is refused.
 */
export async function verifyBackup(context: Context, name: string): Promise<VerifyReport> {
  const began = performance.now()
  const path = join(context.folder, name)
  const manifest = await readShelf(context.folder, name)
  await checkSchema(context, name, manifest)
  let problems = await checkFiles(path, manifest, context.progress)
  if (problems.length === 0)
    problems = await rehearse(
      context,
      { name, path, manifest },
      false,
      async (found) => found.problems,
    ).catch((error) => Promise.reject(explainServer(error)))
  const ok = problems.length === 0
  await recordState(context.folder, name, {
    verified_at: ok ? context.now().toISOString() : null,
    outcome: ok ? 'ok' : problems.join('; '),
  })
  const rows = manifest.content.tables.reduce((sum, table) => sum + table.rows, 0)
  return { name, ok, problems, rows, duration_ms: Math.round(performance.now() - began) }
}

/** How long it takes to be back from the newest verified backup, tried for real. */
export async function drill(context: Context): Promise<DrillReport> {
  const newest = latestVerified(await listShelf(context.folder))
  if (!newest)
    throw new BackupError(
      'backup.not_found',
      `There is no verified backup in ${context.folder} to try. Make one with \`serai backup\`.`,
    )
  return verifyBackup(context, newest.name)
}
