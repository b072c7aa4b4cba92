import { resolve } from 'node:path'
import { databaseTarget, SettingsError, type Target } from './store/target.ts'

/** Everything that the environment decides, checked at the start. */
export type Settings = {
  home: string
  database: Target
  host: string
  port: number
  logLevel: string
  backupRetentionDays: number
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent']

/**
 * Reads SERAI_HOME, DATABASE_URL or PG*, HOST, PORT, LOG_LEVEL and BACKUP_RETENTION_DAYS. Throws SettingsError naming the
 * variable, what it says and what it may say.
 */
export function readSettings(env: NodeJS.ProcessEnv, projectFolder: string): Settings {
  const home = resolve(env.SERAI_HOME || `${projectFolder}/.serai`)
  return {
    home,
    database: databaseTarget(env, home),
    host: env.HOST || '127.0.0.1',
    port: whole(env, 'PORT', 7700, 0, 65_535),
    logLevel: oneOf(env, 'LOG_LEVEL', LEVELS, 'info'),
    backupRetentionDays: whole(env, 'BACKUP_RETENTION_DAYS', 7, 1, 36_500),
  }
}

function whole(env: NodeJS.ProcessEnv, name: string, usual: number, least: number, most: number): number {
  const value = env[name]
  if (value === undefined || value === '') return usual
  const number = Number(value)
  if (Number.isInteger(number) && number >= least && number <= most) return number
  throw new SettingsError(
    'setting_invalid',
    `${name} is "${value}"; it must be a whole number from ${least} to ${most}.`,
  )
}

function oneOf(env: NodeJS.ProcessEnv, name: string, values: string[], usual: string): string {
  const value = env[name] || usual
  if (values.includes(value)) return value
  throw new SettingsError('setting_invalid', `${name} is "${value}"; it must be one of ${values.join(', ')}.`)
}
