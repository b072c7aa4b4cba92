/** A process of its own, to be killed: takes COUNT backups, then restores NAME. `node taking.testing.ts URL HOME COUNT [NAME]` */
import { join } from 'node:path'
import { diskObjects } from '../../ports/objects-disk.ts'
import { openBackups } from '../backup.ts'

const [connectionString, home, count, name] = process.argv.slice(2) as [string, string, string, string?]
const objects = diskObjects(join(home, 'objects'))
const backups = openBackups({ connection: { connectionString }, home, objects, retentionDays: 7 })
try {
  for (let round = 0; round < Number(count); round += 1)
    process.stdout.write(`${(await backups.take('child')).name}\n`)
  if (name) await backups.restore(name)
} catch (error) {
  process.stdout.write(
    `${JSON.stringify({ code: (error as { code?: string }).code, message: (error as Error).message })}\n`,
  )
  process.exitCode = 1
}
