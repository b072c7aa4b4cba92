import type { BackupInfo, Backups } from './types.ts'

/** Backups before imports: durable at once, proved behind the work that they were taken for. */
export type ProvedBehind = {
  /** Takes a backup, whole and on the disk, or names the last one when nothing changed since. Its proof waits. */
  take(reason: string): Promise<string>
  /** Starts proving what was taken, one after another. */
  prove(): void
  /** Waits for the proofs. */
  done(): Promise<void>
}

/**
 * A proof restores the whole backup beside the live database, which takes longer than many an import; so an import waits for
 * the writing of its backup only. `report` is told when a backup does not give back what was saved: it then does not count as
 * one, and the import can still be undone.
 */
export function proveBehind(
  backups: Pick<Backups, 'take' | 'verify' | 'prune'>,
  report: (problem: string) => void,
): ProvedBehind {
  const unproved = new Set<string>()
  let proving = Promise.resolve()

  async function proveAll(): Promise<void> {
    for (const name of unproved) {
      unproved.delete(name)
      await proveOne(name).catch((error: Error) =>
        report(`The backup ${name} could not be proved: ${error.message}`),
      )
    }
  }

  async function proveOne(name: string): Promise<void> {
    const { ok, problems } = await backups.verify(name)
    if (ok) await backups.prune()
    else
      report(
        `The backup ${name} does not restore to what was saved: ${problems.join('; ')}. Take another: serai backup`,
      )
  }

  return {
    async take(reason) {
      const info: BackupInfo = await backups.take(reason, { reuse: true, verify: false })
      if (!info.verified) unproved.add(info.name)
      return info.name
    },
    prove: () => {
      proving = proving.then(proveAll)
    },
    done: () => proving,
  }
}
