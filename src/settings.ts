import { delimiter, isAbsolute, resolve } from 'node:path'
import { databaseTarget, SettingsError, type Target } from './store/target.ts'

/** Everything that the environment decides, checked at the start. */
export type Settings = {
  home: string
  database: Target
  host: string
  port: number
  logLevel: string
  backupRetentionDays: number
  /** name of the environment, shown wherever somebody could mistake one for another. */
  environment: string
  /** folders in which import sources may lie. */
  importFolders: string[]
  /** origins that import sources may call although they are private, of another port or without TLS. */
  fetchAllow: string[]
  /** name of the business, as people know it. */
  business: string
  /** where browsers find the house; null: where it listens, on this machine. */
  origin: string | null
  /** cookies go without TLS although the house is not on this machine. */
  plainCookies: boolean
  /** SMTP server; null: letters are kept in the outbox of the home. */
  smtpUrl: string | null
  mailFrom: string
  /** gateway for text messages and its Authorization header; null: they are kept in the outbox of the home. */
  smsUrl: string | null
  smsAuthorization: string | null
  /** keys of the house, the newest first, instead of those of its home: `id:base64,id:base64`. */
  keys: string | null
}

const ENVIRONMENT = /^[a-z][a-z0-9-]{0,31}$/
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent']

/**
 * Reads SERAI_HOME, DATABASE_URL or PG*, HOST, PORT, LOG_LEVEL, BACKUP_RETENTION_DAYS, SERAI_ENV, SERAI_IMPORT_FOLDERS,
 * SERAI_FETCH_ALLOW, SERAI_NAME, SERAI_URL, SERAI_PLAIN_COOKIES, SMTP_URL, MAIL_FROM, SMS_URL, SMS_AUTHORIZATION and
 * SERAI_KEYS. Throws SettingsError naming the variable, what it says and what it may say.
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
    environment: environmentName(env),
    importFolders: folders(env, home),
    fetchAllow: origins(env),
    business: env.SERAI_NAME || 'Serai',
    origin: originOf(env),
    plainCookies: env.SERAI_PLAIN_COOKIES === '1',
    smtpUrl: env.SMTP_URL || null,
    mailFrom: env.MAIL_FROM || 'serai@localhost',
    smsUrl: env.SMS_URL || null,
    smsAuthorization: env.SMS_AUTHORIZATION || null,
    keys: env.SERAI_KEYS || null,
  }
}

function environmentName({ SERAI_ENV: value }: NodeJS.ProcessEnv): string {
  const name = value || 'development'
  if (ENVIRONMENT.test(name)) return name
  throw new SettingsError(
    'setting_invalid',
    `SERAI_ENV is "${name}"; it must be a short name of small letters, digits and "-", such as production.`,
  )
}

/** Whole paths, joined as in PATH; the inbox of the home unless said. */
function folders({ SERAI_IMPORT_FOLDERS: value }: NodeJS.ProcessEnv, home: string): string[] {
  if (value === undefined) return [resolve(home, 'inbox')]
  const paths = value.split(delimiter).filter((path) => path !== '')
  const wrong = paths.find((path) => !isAbsolute(path))
  if (wrong === undefined) return paths.map((path) => resolve(path))
  throw new SettingsError(
    'setting_invalid',
    `SERAI_IMPORT_FOLDERS names "${wrong}"; every folder must be a whole path, joined with "${delimiter}".`,
  )
}

function origins({ SERAI_FETCH_ALLOW: value = '' }: NodeJS.ProcessEnv): string[] {
  const names = value.split(',').flatMap((name) => name.trim() || [])
  return names.map((name) => {
    const url = URL.parse(name)
    if (url && /^https?:$/.test(url.protocol) && (url.origin === name || url.href === name)) return url.origin
    throw new SettingsError(
      'setting_invalid',
      `SERAI_FETCH_ALLOW names "${name}"; every entry must be an origin, such as https://files.intra.example:8443.`,
    )
  })
}

function originOf({ SERAI_URL: value }: NodeJS.ProcessEnv): string | null {
  if (!value) return null
  const url = URL.parse(value)
  if (url && /^https?:$/.test(url.protocol) && url.pathname === '/') return url.origin
  throw new SettingsError(
    'setting_invalid',
    `SERAI_URL is "${value}"; it must be where browsers find the house, such as https://serai.example.com.`,
  )
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
