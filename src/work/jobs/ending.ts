/** How a job that is under way is told to end, and what becomes of it when it does not listen. */
export type Ending = {
  /** for the job; made when it is asked for, since most jobs are too short to care. */
  readonly signal: AbortSignal
  /** why it must end; undefined as long as it need not. */
  readonly reason: Error | undefined
  /** Tells the job to end; the first reason counts. */
  end(reason: Error): void
  /** Settles with the work, but at the latest so long after it was told to end. What was told to end fails for that reason. */
  settle(work: Promise<void>): Promise<void>
}

/** `heedMs` is the time that a job has to end once it was told to. */
export function createEnding(heedMs: number): Ending {
  let controller: AbortController | undefined
  let reason: Error | undefined
  let told: (() => void) | undefined
  return {
    get signal() {
      controller ??= new AbortController()
      if (reason) controller.abort(reason)
      return controller.signal
    },
    get reason() {
      return reason
    },
    end(why) {
      if (reason) return
      reason = why
      controller?.abort(why)
      told?.()
    },
    settle(work) {
      return new Promise((resolve, reject) => {
        let giveUp: NodeJS.Timeout | undefined
        told = () => {
          giveUp = setTimeout(() => reject(reason), heedMs)
        }
        if (reason) told()
        work.then(
          () => {
            clearTimeout(giveUp)
            resolve()
          },
          (error) => {
            clearTimeout(giveUp)
            reject(reason ?? error)
          },
        )
      })
    },
  }
}
