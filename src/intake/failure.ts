import { IntakeError } from './types.ts'

/** Whatever went wrong while a file was read, as the one kind of error that intake throws. */
export function asIntakeError(error: unknown, name: string): IntakeError {
  if (error instanceof IntakeError) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT')
    return new IntakeError('file.missing', `${name} does not exist; look at the name and the folder`)
  if (code === 'EACCES' || code === 'EPERM' || code === 'ERR_ACCESS_DENIED')
    return new IntakeError('file.forbidden', `${name} may not be read; give this user leave to read it`)
  return readingFailed(name, message)
}

/** Reading ended for a reason that is not the file's. */
export function readingFailed(name: string, reason: string): IntakeError {
  return new IntakeError('reader.failed', `${name} could not be read: ${reason}`)
}

/** The caller does not want the file any more. */
export function cancelled(name: string): IntakeError {
  return new IntakeError('reader.cancelled', `reading ${name} was cancelled`)
}

/** The file needs more memory than a reader may have. */
export function outOfMemory(name: string, mib: number): IntakeError {
  return new IntakeError(
    'reader.memory',
    `${name} needs more than ${mib} MB of memory to read; split it, or save it as CSV`,
  )
}
