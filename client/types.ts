// Made by `npm run types` from the declarations. Change those, not this file.

/** A refusal (RFC 9457). */
export type Problem = {
  type: string
  title: string
  status: number
  /** what happened, where, and what to do */
  detail: string
  request_id: string
  errors: {
    /** JSON Pointer (RFC 6901) into the request body */
    pointer: string
    code: string
    detail: string
    suggestion?: string
  }[]
}

/** The fact that an action left. */
export type Event = {
  position: number
  time: string
  change: string
  actor: string
  action: string
  resource: string
  record: string
  key: string
  version: number
  before: { [name: string]: unknown } | null
  after: { [name: string]: unknown }
  reason: string | null
  request: string | null
  cause: string | null
  trace: string | null
}

/** One call that changed something: all events that share its id. */
export type Change = {
  id: string
  time: string
  actor: string
  action: string
  resource: string
  events: number
  reason: string | null
  /** the change that this one took back */
  undoes: string | null
  undone_by: string[]
}

/** A record that is not as it was. */
export type Difference = {
  record: string
  key: string
  effect: 'created' | 'changed' | 'archived' | 'restored' | 'deleted'
  /** fields that differ, as they were; null for a new record */
  before: { [name: string]: unknown } | null
  /** fields that differ, as they are; null for one that is gone */
  after: { [name: string]: unknown } | null
  /** time of the last change */
  time: string
}

/** What an undo did, and what it left alone because somebody changed it since. */
export type Undo = {
  /** the change that took it back; null when nothing was */
  change: string | null
  /** values and records that were put back */
  restored: number
  kept: {
    resource: string
    record: string
    key: string
    /** null when the whole record was left alone */
    field: string | null
    reason: string
  }[]
  dry_run: boolean
}

/** A row of a file, and what would become of it. */
export type PlannedRow = {
  /** 0-based place in the file */
  position: number
  /** where it stands: {line}, or {sheet, row} */
  address: { [name: string]: unknown }
  key: string | null
  record: string | null
  verdict: string
  before: { [name: string]: unknown } | null
  after: { [name: string]: unknown } | null
  errors: Finding[]
  warnings: Finding[]
}

/** Something wrong or doubtful in a row. */
export type Finding = {
  path: string
  code: string
  detail: string
  raw?: string
  suggestion?: string
}

/** Who asks, and what they may see and do. */
export type Description = {
  actor: {
    id: string
    name: string
    roles: string[]
  }
  resources: ResourceDescription[]
}

/** A resource that the caller may read. */
export type ResourceDescription = {
  name: string
  plural: string
  description: string
  /** fields that identify a record in files and URLs */
  key: string[]
  traits: string[]
  /** which records the caller sees: null is all, `hidden` asks for what the caller cannot see */
  read: Condition | 'hidden' | null
  fields: FieldDescription[]
  actions: ActionDescription[]
}

/** A field as a form, a column or a filter needs it. */
export type FieldDescription = {
  name: string
  /** text, number, money, time, period, choice, ref, list, … */
  kind: string
  description?: string
  /** JSON Schema 2020-12 of a value */
  schema: { [name: string]: unknown }
  /** how a filter may compare it */
  operators: string[]
  optional: boolean
  /** value of a new record when none is given */
  default?: unknown
  /** set by the database or by actions */
  read_only: boolean
  /** set when the record is made, never afterwards */
  immutable: boolean
  unique: boolean
  /** can be given, is never shown */
  secret: boolean
  facet: boolean
  /** weight in search, A is the heaviest */
  search?: string
  /** what it may be, in order */
  values?: string[]
  /** the resource it points to */
  to?: string
  /** of a list: its item, or the fields of one */
  item?: FieldDescription | FieldDescription[]
}

/** An action that is open to the caller. */
export type ActionDescription = {
  name: string
  description: string
  on: 'records' | 'collection'
  effect: 'read' | 'write'
  /** states a record must be in */
  from?: string[]
  /** for archived records only */
  archived: boolean
  /** the input holds only what is to change */
  partial: boolean
  input: FieldDescription[]
  /** on which records: null is all, `hidden` asks for what the caller cannot see */
  when: Condition | 'hidden' | null
}

/** A condition on a record. */
export type Condition =
  | {
      op: 'all' | 'any'
      rules: Condition[]
    }
  | {
      op: 'not'
      rule: Condition
    }
  | {
      op: 'compare'
      field: string
      operator: string
      value: unknown
    }

/** What the business sells: tours, tickets, transfers, with their price tiers. */
export type Product = {
  /** UUIDv7 */
  id: string
  /** grows by one with every change */
  version: number
  created_at: string
  updated_at: string
  /** e.g. Dubai_AinDubai */
  product_id: string
  product_name: string
  pricing: {
    tier_name: string
    price: {
      /** minor units */
      amount: number
      /** ISO 4217 */
      currency: string
    }
    validity_start?: string | null
    validity_end?: string | null
  }[]
  inclusions: string[]
  active: boolean
  supplier_name: string | null
  destination_city: string | null
  category: string | null
  description_short: string | null
  description_long: string | null
  duration_hours: number | null
  exclusions: string[] | null
  booking_policy: string | null
  source_document: string[] | null
  /** members of files that no field names */
  extra: { [name: string]: unknown } | null
  /** lowest price that holds today */
  price_from: {
    /** minor units */
    amount: number
    currency: 'AED'
  } | null
  /** next day on which a price begins or has ended */
  price_changes_on: string | null
  archived_at: string | null
  archived_by: string | null
  archive_reason: string | null
  key_released: boolean
  /** fields that imports leave as they are */
  locked_fields: string[] | null
  /** the import source that brought the record */
  brought_by: string | null
  /** fields that another source wrote last: { field: source } */
  field_sources: { [name: string]: unknown } | null
}

export type ProductInput = {
  /** e.g. Dubai_AinDubai */
  product_id: string
  product_name: string
  pricing: {
    tier_name: string
    price: {
      /** minor units */
      amount: number
      /** ISO 4217 */
      currency: string
    }
    validity_start?: string | null
    validity_end?: string | null
  }[]
  inclusions: string[]
  active?: boolean
  supplier_name?: string | null
  destination_city?: string | null
  category?: string | null
  description_short?: string | null
  description_long?: string | null
  duration_hours?: number | null
  exclusions?: string[] | null
  booking_policy?: string | null
  source_document?: string[] | null
  /** members of files that no field names */
  extra?: { [name: string]: unknown } | null
}

export type ProductPatch = {
  product_name?: string
  pricing?: {
    tier_name: string
    price: {
      /** minor units */
      amount: number
      /** ISO 4217 */
      currency: string
    }
    validity_start?: string | null
    validity_end?: string | null
  }[]
  inclusions?: string[]
  active?: boolean
  supplier_name?: string | null
  destination_city?: string | null
  category?: string | null
  description_short?: string | null
  description_long?: string | null
  duration_hours?: number | null
  exclusions?: string[] | null
  booking_policy?: string | null
  source_document?: string[] | null
  /** members of files that no field names */
  extra?: { [name: string]: unknown } | null
}

export type ProductArchiveInput = {
  /** free the natural key for a new record */
  release_key?: boolean
}

export type ProductRestoreInput = { [name: string]: never }

export type ProductLockInput = {
  fields: string[]
}

export type ProductUnlockInput = {
  fields?: string[] | null
}

export type ProductStatsInput = { [name: string]: never }

export type ProductNukeInput = { [name: string]: never }

export type ProductRepriceInput = { [name: string]: never }

/** Tokens for programs; stored as a hash, shown once. */
export type Token = {
  /** UUIDv7 */
  id: string
  /** grows by one with every change */
  version: number
  created_at: string
  updated_at: string
  name: string
  role: 'owner' | 'manager' | 'staff' | 'viewer'
  prefix: string
  revoked_at: string | null
  expires_at: string | null
}

export type TokenInput = {
  name: string
  role: 'owner' | 'manager' | 'staff' | 'viewer'
  expires_at?: string | null
}

export type TokenRevokeInput = { [name: string]: never }

/** Files that came in: their plan, their counts, and the way back. */
export type Import = {
  /** UUIDv7 */
  id: string
  /** grows by one with every change */
  version: number
  created_at: string
  updated_at: string
  /** what the records of the file are */
  resource: string
  state: 'uploaded' | 'parsed' | 'planned' | 'applied' | 'undone' | 'failed' | 'cancelled'
  file_name: string
  sha256: string
  size_bytes: number
  options: { [name: string]: unknown }
  /** what was found in the file: format, encoding, header */
  head: { [name: string]: unknown } | null
  /** header → column */
  mapping: { [name: string]: unknown } | null
  /** rows by verdict */
  counts: { [name: string]: unknown }
  /** what a person should know, at most 100 */
  warnings: { [name: string]: unknown }[]
  plan_hash: string | null
  /** the change that applied it */
  change: string | null
  undo_change: string | null
  /** the backup that was taken before */
  backup: string | null
  failure: string | null
  created_by: string
  planned_at: string | null
  applied_at: string | null
  undone_at: string | null
}

/** Named mappings of file columns to fields. */
export type ImportTemplate = {
  /** UUIDv7 */
  id: string
  /** grows by one with every change */
  version: number
  created_at: string
  updated_at: string
  name: string
  resource: string
  fingerprint: string | null
  /** { columns: { header: column or null }, constants, transforms } */
  mapping: { [name: string]: unknown }
}

export type ImportTemplateInput = {
  name: string
  resource: string
  fingerprint?: string | null
  /** { columns: { header: column or null }, constants, transforms } */
  mapping: { [name: string]: unknown }
}

export type ImportTemplatePatch = {
  name?: string
  fingerprint?: string | null
  /** { columns: { header: column or null }, constants, transforms } */
  mapping?: { [name: string]: unknown }
}

/** Saved import sources: where records come from, how they are read, and when. */
export type ImportSource = {
  /** UUIDv7 */
  id: string
  /** grows by one with every change */
  version: number
  created_at: string
  updated_at: string
  name: string
  /** what the records are */
  resource: string
  kind: 'folder' | 'https'
  /** a folder, or an https address */
  location: string
  /** folder: such as *.csv */
  pattern: string | null
  file_format: 'json' | 'jsonl' | 'csv' | 'xlsx' | null
  encoding: string | null
  delimiter: string | null
  decimal: '.' | ',' | null
  sheet: string | null
  /** a saved mapping of columns */
  template: string | null
  /** unknown columns are errors */
  strict: boolean
  mode: 'replace' | 'merge' | 'snapshot' | 'create' | null
  on_error: string
  /** snapshot: 0.1 unless said */
  max_removal_share: number | null
  /** a source does not overwrite what one of a higher precedence wrote */
  precedence: number
  every_minutes: number | null
  /** five fields, such as 30 3 * * * */
  cron: string | null
  /** of the cron line */
  time_zone: string
  /** runs begin up to so much later, so that they do not all begin at once */
  jitter_seconds: number
  /** failures in a row before people are told */
  alert_after: number
  /** https: further request headers; no secrets */
  headers: { [name: string]: unknown } | null
  enabled: boolean
  failing_since: string | null
  next_run_at: string | null
  last_run_at: string | null
  /** applied, unchanged, refused or failed */
  last_outcome: string | null
  last_error: string | null
  last_import: string | null
  last_check: { [name: string]: unknown } | null
  /** in a row */
  failures: number | null
}

export type ImportSourceInput = {
  name: string
  /** what the records are */
  resource: string
  kind: 'folder' | 'https'
  /** a folder, or an https address */
  location: string
  /** folder: such as *.csv */
  pattern?: string | null
  file_format?: 'json' | 'jsonl' | 'csv' | 'xlsx' | null
  encoding?: string | null
  delimiter?: string | null
  decimal?: '.' | ',' | null
  sheet?: string | null
  /** a saved mapping of columns */
  template?: string | null
  /** unknown columns are errors */
  strict?: boolean
  mode?: 'replace' | 'merge' | 'snapshot' | 'create' | null
  on_error?: string
  /** snapshot: 0.1 unless said */
  max_removal_share?: number | null
  /** a source does not overwrite what one of a higher precedence wrote */
  precedence?: number
  every_minutes?: number | null
  /** five fields, such as 30 3 * * * */
  cron?: string | null
  /** of the cron line */
  time_zone?: string
  /** runs begin up to so much later, so that they do not all begin at once */
  jitter_seconds?: number
  /** failures in a row before people are told */
  alert_after?: number
  /** https: further request headers; no secrets */
  headers?: { [name: string]: unknown } | null
  /** https: the Authorization header */
  auth_header?: string | null
}

export type ImportSourcePatch = {
  /** a folder, or an https address */
  location?: string
  /** folder: such as *.csv */
  pattern?: string | null
  file_format?: 'json' | 'jsonl' | 'csv' | 'xlsx' | null
  encoding?: string | null
  delimiter?: string | null
  decimal?: '.' | ',' | null
  sheet?: string | null
  /** a saved mapping of columns */
  template?: string | null
  /** unknown columns are errors */
  strict?: boolean
  mode?: 'replace' | 'merge' | 'snapshot' | 'create' | null
  on_error?: string
  /** snapshot: 0.1 unless said */
  max_removal_share?: number | null
  /** a source does not overwrite what one of a higher precedence wrote */
  precedence?: number
  every_minutes?: number | null
  /** five fields, such as 30 3 * * * */
  cron?: string | null
  /** of the cron line */
  time_zone?: string
  /** runs begin up to so much later, so that they do not all begin at once */
  jitter_seconds?: number
  /** failures in a row before people are told */
  alert_after?: number
  /** https: further request headers; no secrets */
  headers?: { [name: string]: unknown } | null
  /** https: the Authorization header */
  auth_header?: string | null
}

export type ImportSourceRunInput = {
  force?: boolean
}

export type ImportSourceCheckInput = { [name: string]: never }

export type ImportSourceEnableInput = { [name: string]: never }

export type ImportSourceDisableInput = { [name: string]: never }

export type ImportSourceAlarmInput = { [name: string]: never }

export type ImportSourceRecoverInput = { [name: string]: never }

/** Work for later: what waits, runs, failed, or used up its attempts and waits for a person. */
export type Job = {
  /** UUIDv7 */
  id: string
  /** grows by one with every change */
  version: number
  created_at: string
  updated_at: string
  /** number of the job in the queue */
  number: string
  /** what it does, as the program names it */
  task: string
  state: 'waiting' | 'scheduled' | 'running' | 'failed' | 'dead' | 'removed'
  /** when it is due */
  run_at: string
  /** how often it was begun */
  attempts: number
  /** how often it is begun before it is dead */
  attempts_max: number
  /** why the last attempt failed */
  last_error: string | null
  /** what it was told */
  payload: { [name: string]: unknown }
  /** jobs with the same key replace one another */
  job_key: string | null
  /** who runs it */
  worker: string | null
  /** since when it runs */
  started_at: string | null
}

export type JobRetryInput = { [name: string]: never }

export type JobRemoveInput = { [name: string]: never }

/** Rules that people write: what must be true of a record, whichever door it comes through. */
export type ValidationRule = {
  /** UUIDv7 */
  id: string
  /** grows by one with every change */
  version: number
  created_at: string
  updated_at: string
  name: string
  /** whose records it is about */
  resource: string
  /** condition in CEL: the records that it is for; all when there is none */
  when: string | null
  /** condition in CEL that must be true */
  expression: string
  /** an error refuses the record, a warning goes with it */
  severity: 'error' | 'warning'
  /** with values: {{product_name}} costs {{price_from}} */
  message: string | null
  /** the field that it is about */
  field: string | null
  /** checked when the rule is saved */
  examples: {
    /** the fields that matter; the others are empty */
    record: { [name: string]: unknown }
    before?: { [name: string]: unknown } | null
    valid: boolean
  }[]
  /** shadow refuses nothing and counts what it would have refused */
  mode: 'active' | 'shadow' | 'off'
  shadow_since: string | null
  /** records that were written since and would have been refused */
  shadow_refused: number | null
  archived_at: string | null
  archived_by: string | null
  archive_reason: string | null
  key_released: boolean
}

export type ValidationRuleInput = {
  name: string
  /** whose records it is about */
  resource: string
  /** condition in CEL: the records that it is for; all when there is none */
  when?: string | null
  /** condition in CEL that must be true */
  expression: string
  /** an error refuses the record, a warning goes with it */
  severity?: 'error' | 'warning'
  /** with values: {{product_name}} costs {{price_from}} */
  message?: string | null
  /** the field that it is about */
  field?: string | null
  /** checked when the rule is saved */
  examples?: {
    /** the fields that matter; the others are empty */
    record: { [name: string]: unknown }
    before?: { [name: string]: unknown } | null
    valid: boolean
  }[]
  /** shadow refuses nothing and counts what it would have refused */
  mode?: 'active' | 'shadow' | 'off'
}

export type ValidationRulePatch = {
  /** whose records it is about */
  resource?: string
  /** condition in CEL: the records that it is for; all when there is none */
  when?: string | null
  /** condition in CEL that must be true */
  expression?: string
  /** an error refuses the record, a warning goes with it */
  severity?: 'error' | 'warning'
  /** with values: {{product_name}} costs {{price_from}} */
  message?: string | null
  /** the field that it is about */
  field?: string | null
  /** checked when the rule is saved */
  examples?: {
    /** the fields that matter; the others are empty */
    record: { [name: string]: unknown }
    before?: { [name: string]: unknown } | null
    valid: boolean
  }[]
  /** shadow refuses nothing and counts what it would have refused */
  mode?: 'active' | 'shadow' | 'off'
}

export type ValidationRuleArchiveInput = {
  /** free the natural key for a new record */
  release_key?: boolean
}

export type ValidationRuleRestoreInput = { [name: string]: never }

export type ValidationRuleTryInput = {
  /** how many refused records to list */
  show?: number
}

/** Questions to lists, facets and exports, kept under a name: ?view=NAME. */
export type SavedView = {
  /** UUIDv7 */
  id: string
  /** grows by one with every change */
  version: number
  created_at: string
  updated_at: string
  name: string
  resource: string
  owner: string
  /** everybody may use it */
  shared: boolean
  /** what a list is asked: filter, sort, fields, facets, q, archived */
  query: { [name: string]: unknown }
  description: string | null
  archived_at: string | null
  archived_by: string | null
  archive_reason: string | null
  key_released: boolean
}

export type SavedViewPatch = {
  name?: string
  /** everybody may use it */
  shared?: boolean
  /** what a list is asked: filter, sort, fields, facets, q, archived */
  query?: { [name: string]: unknown }
  description?: string | null
}

export type SavedViewArchiveInput = {
  /** free the natural key for a new record */
  release_key?: boolean
}

export type SavedViewRestoreInput = { [name: string]: never }

export type SavedViewInput = {
  name: string
  resource: string
  /** everybody may use it */
  shared?: boolean
  /** what a list is asked: filter, sort, fields, facets, q, archived */
  query: { [name: string]: unknown }
  description?: string | null
}

export type SavedViewCheckInput = { [name: string]: never }

/** People: who signs in. Their roles are memberships. */
export type User = {
  /** UUIDv7 */
  id: string
  /** grows by one with every change */
  version: number
  created_at: string
  updated_at: string
  /** what they are known by: the e-mail address, else the phone */
  login: string
  email: string | null
  phone: string | null
  name: string
  locale: string | null
  /** time zone, such as Asia/Dubai */
  zone: string | null
  status: 'invited' | 'active' | 'suspended'
  password_set_at: string | null
  /** sessions begun before are over: the password or the roles changed */
  sessions_from: string | null
  /** the highest of the roles */
  level: number
  factor_required_since: string | null
  /** a sign-in was refused */
  last_refused_at: string | null
  last_sign_in_at: string | null
  archived_at: string | null
  archived_by: string | null
  archive_reason: string | null
  key_released: boolean
}

export type UserPatch = {
  name?: string
  locale?: string | null
  /** time zone, such as Asia/Dubai */
  zone?: string | null
}

export type UserArchiveInput = {
  /** free the natural key for a new record */
  release_key?: boolean
}

export type UserRestoreInput = { [name: string]: never }

export type UserInviteInput = {
  name: string
  locale?: string | null
  /** time zone, such as Asia/Dubai */
  zone?: string | null
  email?: string | null
  phone?: string | null
}

export type UserSuspendInput = { [name: string]: never }

export type UserResumeInput = { [name: string]: never }

export type UserRecoverInput = { [name: string]: never }

export type UserResetPasswordInput = { [name: string]: never }

export type UserEnterInput = {
  name: string
  locale?: string | null
  /** time zone, such as Asia/Dubai */
  zone?: string | null
  email?: string | null
}

export type UserRequestEmailInput = {
  email: string
}

export type UserSetPasswordInput = {
  password: string
}

export type UserRehashInput = {
  password: string
  was: string
}

export type UserChangeEmailInput = {
  email: string
}

export type UserRefuseInput = { [name: string]: never }

export type UserContactInput = { [name: string]: never }

/** Roles that people hold. A level gives no right; it says who may administer whom. */
export type Role = {
  /** UUIDv7 */
  id: string
  /** grows by one with every change */
  version: number
  created_at: string
  updated_at: string
  name: string
  /** 5 is the owner, 0 a stranger */
  level: number
  description: string | null
  /** whoever holds it must have a second factor, 7 days after it was given */
  require_factor: boolean
  /** came with Serai; it can be changed, not put away */
  shipped: boolean
  archived_at: string | null
  archived_by: string | null
  archive_reason: string | null
  key_released: boolean
}

export type RoleInput = {
  name: string
  /** 5 is the owner, 0 a stranger */
  level: number
  description?: string | null
  /** whoever holds it must have a second factor, 7 days after it was given */
  require_factor?: boolean
}

export type RolePatch = {
  /** 5 is the owner, 0 a stranger */
  level?: number
  description?: string | null
  /** whoever holds it must have a second factor, 7 days after it was given */
  require_factor?: boolean
}

export type RoleArchiveInput = {
  /** free the natural key for a new record */
  release_key?: boolean
}

export type RoleRestoreInput = { [name: string]: never }

/** Roles of people: who holds which, from when until when, given by whom and why. */
export type Membership = {
  /** UUIDv7 */
  id: string
  /** grows by one with every change */
  version: number
  created_at: string
  updated_at: string
  /** id of a user; the record itself under ?expand= */
  user: string | User
  /** id of a role; the record itself under ?expand= */
  role: string | Role
  /** at once when absent */
  from: string
  /** for good when absent */
  until: string | null
  /** who gave it */
  by: string
  reason: string
}

export type MembershipInput = {
  user: string
  role: string
  /** at once when absent */
  from?: string | null
  /** for good when absent */
  until?: string | null
  reason: string
}

export type MembershipRevokeInput = { [name: string]: never }

/** Signed-in devices: since when, from where, until when. Ending one signs it out. */
export type Session = {
  /** UUIDv7 */
  id: string
  /** grows by one with every change */
  version: number
  created_at: string
  updated_at: string
  /** what it is known by; not what opens doors */
  handle: string
  /** id of a user; the record itself under ?expand= */
  user: string | User
  /** what was proved, and when: [{"method", "at"}] */
  factors: { [name: string]: unknown }[]
  /** when a second factor was last proved */
  factor_at: string | null
  address: string | null
  agent: string | null
  /** unused for so long, it ends */
  idle_seconds: number | null
  idle_until: string | null
  /** it ends then in any case */
  absolute_until: string
  ended_at: string | null
  end_reason: string | null
}

export type SessionInput = {
  /** what it is known by; not what opens doors */
  handle: string
  user: string
  hash: string
  /** what was proved, and when: [{"method", "at"}] */
  factors: { [name: string]: unknown }[]
  /** when a second factor was last proved */
  factor_at?: string | null
  address?: string | null
  agent?: string | null
  /** unused for so long, it ends */
  idle_seconds?: number | null
  /** it ends then in any case */
  absolute_until: string
  /** the password that was proved */
  password_set_at?: string | null
}

export type SessionRotateInput = {
  /** what it is known by; not what opens doors */
  handle: string
  hash: string
  method: string
}

export type SessionRevokeInput = { [name: string]: never }

export type SessionRevokeOthersInput = { [name: string]: never }

export type SessionEndAllInput = {
  user: string
  keep?: string | null
  why: string
}

/** Second factors of people: authenticator apps, text messages, backup codes, passkeys. */
export type Factor = {
  /** UUIDv7 */
  id: string
  /** grows by one with every change */
  version: number
  created_at: string
  updated_at: string
  /** id of a user; the record itself under ?expand= */
  user: string | User
  kind: 'totp' | 'sms' | 'backup' | 'passkey'
  /** passkey: its id; else a name of its own */
  credential: string
  /** what its holder calls it */
  label: string | null
  phone: string | null
  last_step: number | null
  counter: number | null
  /** backup codes that are left */
  codes_left: number | null
  transports: string[] | null
  device_type: string | null
  backed_up: boolean | null
  confirmed_at: string | null
  last_used_at: string | null
  disabled_at: string | null
}

export type FactorEnrolInput = {
  user: string
  kind: 'totp' | 'sms' | 'backup' | 'passkey'
  /** passkey: its id; else a name of its own */
  credential: string
  /** what its holder calls it */
  label?: string | null
  phone?: string | null
  secret?: string | null
}

export type FactorConfirmInput = {
  /** passkey: its id; else a name of its own */
  credential?: string | null
  secret?: string | null
  step?: number | null
  counter?: number | null
  transports?: string[] | null
  device_type?: string | null
  backed_up?: boolean | null
  /** the set of backup codes that comes with the first factor */
  backup?: string | null
}

export type FactorUseInput = {
  step?: number | null
  counter?: number | null
  /** hash of the backup code */
  code?: string | null
}

export type FactorDisableInput = { [name: string]: never }

export type FactorRegenerateInput = {
  user: string
  backup: string
}

export type FactorResealInput = {
  secret: string
  was: string
}

export type FactorKeepCodeInput = {
  mac: string
  minutes: number
}

export type FactorSendCodeInput = { [name: string]: never }

/** Links that are good for one thing, once: invitations, new passwords, changed addresses. */
export type Link = {
  /** UUIDv7 */
  id: string
  /** grows by one with every change */
  version: number
  created_at: string
  updated_at: string
  /** what it is known by; not what opens it */
  handle: string
  purpose: 'first_owner' | 'invite' | 'reset' | 'email_change' | 'recovery'
  /** id of a user; the record itself under ?expand= */
  user: string | null | User
  /** email_change: the new address */
  email: string | null
  used_at: string | null
  expires_at: string | null
}

export type LinkIssueInput = {
  /** what it is known by; not what opens it */
  handle: string
  purpose: 'first_owner' | 'invite' | 'reset' | 'email_change' | 'recovery'
  user?: string | null
  /** email_change: the new address */
  email?: string | null
  hash: string
  minutes: number
  /** recovery: not if a factor was used since */
  asked_at?: string | null
}

export type LinkRedeemInput = { [name: string]: never }

/** Grants: which role, person or program may (or may not) do what, from when until when, and why. */
export type Grant = {
  /** UUIDv7 */
  id: string
  /** grows by one with every change */
  version: number
  created_at: string
  updated_at: string
  /** the grant as a sentence */
  label: string
  /** id of a role; the record itself under ?expand= */
  role: string | null | Role
  /** id of a user; the record itself under ?expand= */
  user: string | null | User
  /** id of a client; the record itself under ?expand= */
  client: string | null | Client
  effect: 'allow' | 'deny'
  /** resource:verb, such as product:read, product:* or *:read */
  permission: string
  /** condition in CEL: the records it is about; keeper == me asks for whoever holds it */
  rule: string | null
  /** the one record it is about */
  record: string | null
  /** the fields it is about; all when absent */
  fields: string[] | null
  /** at once when absent */
  from: string
  /** until it is revoked when absent */
  until: string | null
  /** who gave it */
  by: string
  reason: string
  /** its holder may give it on */
  delegable: boolean
  revoked_at: string | null
  revoked_by: string | null
}

export type GrantInput = {
  /** name or id of a role */
  role?: string | null
  /** e-mail, phone or id of a person */
  user?: string | null
  /** name or id of a client */
  client?: string | null
  effect?: 'allow' | 'deny'
  /** resource:verb, such as product:read, product:* or *:read */
  permission: string
  /** condition in CEL: the records it is about; keeper == me asks for whoever holds it */
  rule?: string | null
  /** the one record it is about */
  record?: string | null
  /** the fields it is about; all when absent */
  fields?: string[] | null
  /** at once when absent */
  from?: string | null
  /** until it is revoked when absent */
  until?: string | null
  reason: string
  /** its holder may give it on */
  delegable?: boolean
}

export type GrantRevokeInput = { [name: string]: never }

export type GrantTakeInput = {
  /** name or id of a role */
  role?: string | null
  /** e-mail, phone or id of a person */
  user?: string | null
  /** name or id of a client */
  client?: string | null
  /** resource:verb, such as product:read, product:* or *:read */
  permission: string
  /** the one record it is about */
  record?: string | null
}

export type GrantShipInput = {
  grants: {
    key: string
    role: string
    permission: string
    rule?: string | null
    delegable: boolean
  }[]
}

/** Rights that people ask for: approved or refused by somebody else, or lapsed by themselves. */
export type AccessRequest = {
  /** UUIDv7 */
  id: string
  /** grows by one with every change */
  version: number
  created_at: string
  updated_at: string
  /** who asks for what, as a sentence */
  label: string
  requested_by: string
  /** id of a user; the record itself under ?expand= */
  user: string | null | User
  /** id of a client; the record itself under ?expand= */
  client: string | null | Client
  /** such as product:update */
  permission: string
  /** condition in CEL: which records */
  rule: string | null
  /** the one record */
  record: string | null
  /** as soon as it is approved when absent */
  from: string | null
  /** a day after it begins when absent, 30 days at most */
  until: string
  reason: string
  state: 'pending' | 'approved' | 'rejected' | 'withdrawn' | 'expired'
  /** until when it may be approved */
  expires_at: string
  decided_by: string | null
  decided_at: string | null
  resolution_notes: string | null
}

export type AccessRequestInput = {
  /** such as product:update */
  permission: string
  /** condition in CEL: which records */
  rule?: string | null
  /** the one record */
  record?: string | null
  /** as soon as it is approved when absent */
  from?: string | null
  /** a day after it begins when absent, 30 days at most */
  until?: string | null
  reason: string
}

export type AccessRequestApproveInput = {
  resolution_notes?: string | null
}

export type AccessRequestRejectInput = {
  resolution_notes?: string | null
}

export type AccessRequestWithdrawInput = { [name: string]: never }

export type AccessRequestLapseInput = { [name: string]: never }

/** Programs that use the house: what they may do is granted to them, and their keys open the doors. */
export type Client = {
  /** UUIDv7 */
  id: string
  /** grows by one with every change */
  version: number
  created_at: string
  updated_at: string
  name: string
  /** such as pos, website, partner */
  kind: string | null
  description: string | null
  /** permissions it is narrowed to, such as product:read or order:*; all that was granted when absent */
  scopes: string[] | null
  /** addresses and ranges (CIDR) it may call from; everywhere when absent */
  allowed_addresses: string[] | null
  /** id of a user; the record itself under ?expand= */
  owner: string | null | User
  /** works on when the house is locked down */
  essential: boolean
  active: boolean
}

export type ClientInput = {
  name: string
  /** such as pos, website, partner */
  kind?: string | null
  description?: string | null
  /** permissions it is narrowed to, such as product:read or order:*; all that was granted when absent */
  scopes?: string[] | null
  /** addresses and ranges (CIDR) it may call from; everywhere when absent */
  allowed_addresses?: string[] | null
  /** the person who answers for it */
  owner?: string | null
  /** works on when the house is locked down */
  essential?: boolean
}

export type ClientPatch = {
  /** such as pos, website, partner */
  kind?: string | null
  description?: string | null
  /** permissions it is narrowed to, such as product:read or order:*; all that was granted when absent */
  scopes?: string[] | null
  /** addresses and ranges (CIDR) it may call from; everywhere when absent */
  allowed_addresses?: string[] | null
  /** the person who answers for it */
  owner?: string | null
  /** works on when the house is locked down */
  essential?: boolean
}

export type ClientAdmitInput = {
  name: string
  /** such as pos, website, partner */
  kind?: string | null
  description?: string | null
  /** permissions it is narrowed to, such as product:read or order:*; all that was granted when absent */
  scopes?: string[] | null
  /** addresses and ranges (CIDR) it may call from; everywhere when absent */
  allowed_addresses?: string[] | null
  /** the person who answers for it */
  owner?: string | null
  /** works on when the house is locked down */
  essential?: boolean
  /** permissions to grant, such as product:read */
  may?: string[]
  /** why it is let in */
  reason: string
}

export type ClientActivateInput = { [name: string]: never }

export type ClientDeactivateInput = { [name: string]: never }

/** Keys of clients: kept as a hash, shown once, known by how they begin. */
export type ClientKey = {
  /** UUIDv7 */
  id: string
  /** grows by one with every change */
  version: number
  created_at: string
  updated_at: string
  prefix: string
  /** id of a client; the record itself under ?expand= */
  client: string | Client
  /** permissions it is narrowed to, such as product:read or order:*; all that was granted when absent */
  scopes: string[] | null
  expires_at: string | null
  /** to the minute */
  last_used_at: string | null
  revoked_at: string | null
}

export type ClientKeyInput = {
  client: string
  /** permissions it is narrowed to, such as product:read or order:*; all that was granted when absent */
  scopes?: string[] | null
  /** a year from now when absent */
  expires_at?: string | null
  /** begins with srk_test_, so that people see what it is for */
  test?: boolean
}

export type ClientKeyRotateInput = {
  overlap_hours?: number
}

export type ClientKeyRevokeInput = { [name: string]: never }

/** Tokens that clients got for their keys (OAuth 2 client credentials). */
export type ClientToken = {
  /** UUIDv7 */
  id: string
  /** grows by one with every change */
  version: number
  created_at: string
  updated_at: string
  prefix: string
  /** id of a client; the record itself under ?expand= */
  client: string | Client
  /** id of a client_key; the record itself under ?expand= */
  key: string | ClientKey
  /** permissions it is narrowed to, such as product:read or order:*; all that was granted when absent */
  scopes: string[] | null
  expires_at: string
  revoked_at: string | null
}

export type ClientTokenIssueInput = {
  client: string
  key: string
  /** permissions it is narrowed to, such as product:read or order:*; all that was granted when absent */
  scopes?: string[] | null
}

export type ClientTokenRevokeInput = { [name: string]: never }

export type Resources = {
  products: {
    record: Product
    create: ProductInput
    update: ProductPatch
    verbs: {
      archive: { on: 'records'; effect: 'write'; input: ProductArchiveInput }
      restore: { on: 'records'; effect: 'write'; input: ProductRestoreInput }
      lock: { on: 'records'; effect: 'write'; input: ProductLockInput }
      unlock: { on: 'records'; effect: 'write'; input: ProductUnlockInput }
      stats: { on: 'collection'; effect: 'read'; input: ProductStatsInput }
      nuke: { on: 'collection'; effect: 'write'; input: ProductNukeInput }
      reprice: { on: 'collection'; effect: 'write'; input: ProductRepriceInput }
    }
  }
  tokens: {
    record: Token
    create: TokenInput
    update: never
    verbs: { revoke: { on: 'records'; effect: 'write'; input: TokenRevokeInput } }
  }
  imports: { record: Import; create: never; update: never; verbs: Record<never, never> }
  import_templates: {
    record: ImportTemplate
    create: ImportTemplateInput
    update: ImportTemplatePatch
    verbs: Record<never, never>
  }
  import_sources: {
    record: ImportSource
    create: ImportSourceInput
    update: ImportSourcePatch
    verbs: {
      run: { on: 'records'; effect: 'write'; input: ImportSourceRunInput }
      check: { on: 'records'; effect: 'write'; input: ImportSourceCheckInput }
      enable: { on: 'records'; effect: 'write'; input: ImportSourceEnableInput }
      disable: { on: 'records'; effect: 'write'; input: ImportSourceDisableInput }
      alarm: { on: 'records'; effect: 'write'; input: ImportSourceAlarmInput }
      recover: { on: 'records'; effect: 'write'; input: ImportSourceRecoverInput }
    }
  }
  jobs: {
    record: Job
    create: never
    update: never
    verbs: {
      retry: { on: 'records'; effect: 'write'; input: JobRetryInput }
      remove: { on: 'records'; effect: 'write'; input: JobRemoveInput }
    }
  }
  validation_rules: {
    record: ValidationRule
    create: ValidationRuleInput
    update: ValidationRulePatch
    verbs: {
      archive: { on: 'records'; effect: 'write'; input: ValidationRuleArchiveInput }
      restore: { on: 'records'; effect: 'write'; input: ValidationRuleRestoreInput }
      try: { on: 'records'; effect: 'read'; input: ValidationRuleTryInput }
    }
  }
  saved_views: {
    record: SavedView
    create: SavedViewInput
    update: SavedViewPatch
    verbs: {
      archive: { on: 'records'; effect: 'write'; input: SavedViewArchiveInput }
      restore: { on: 'records'; effect: 'write'; input: SavedViewRestoreInput }
      check: { on: 'records'; effect: 'read'; input: SavedViewCheckInput }
    }
  }
  users: {
    record: User
    create: never
    update: UserPatch
    verbs: {
      archive: { on: 'records'; effect: 'write'; input: UserArchiveInput }
      restore: { on: 'records'; effect: 'write'; input: UserRestoreInput }
      invite: { on: 'collection'; effect: 'write'; input: UserInviteInput }
      suspend: { on: 'records'; effect: 'write'; input: UserSuspendInput }
      resume: { on: 'records'; effect: 'write'; input: UserResumeInput }
      recover: { on: 'records'; effect: 'write'; input: UserRecoverInput }
      reset_password: { on: 'records'; effect: 'write'; input: UserResetPasswordInput }
      enter: { on: 'collection'; effect: 'write'; input: UserEnterInput }
      request_email: { on: 'records'; effect: 'write'; input: UserRequestEmailInput }
      set_password: { on: 'records'; effect: 'write'; input: UserSetPasswordInput }
      rehash: { on: 'records'; effect: 'write'; input: UserRehashInput }
      change_email: { on: 'records'; effect: 'write'; input: UserChangeEmailInput }
      refuse: { on: 'records'; effect: 'write'; input: UserRefuseInput }
      contact: { on: 'records'; effect: 'read'; input: UserContactInput }
    }
  }
  roles: {
    record: Role
    create: RoleInput
    update: RolePatch
    verbs: {
      archive: { on: 'records'; effect: 'write'; input: RoleArchiveInput }
      restore: { on: 'records'; effect: 'write'; input: RoleRestoreInput }
    }
  }
  memberships: {
    record: Membership
    create: MembershipInput
    update: never
    verbs: { revoke: { on: 'records'; effect: 'write'; input: MembershipRevokeInput } }
  }
  sessions: {
    record: Session
    create: SessionInput
    update: never
    verbs: {
      rotate: { on: 'records'; effect: 'write'; input: SessionRotateInput }
      revoke: { on: 'records'; effect: 'write'; input: SessionRevokeInput }
      revoke_others: { on: 'collection'; effect: 'write'; input: SessionRevokeOthersInput }
      end_all: { on: 'collection'; effect: 'write'; input: SessionEndAllInput }
    }
  }
  factors: {
    record: Factor
    create: never
    update: never
    verbs: {
      enrol: { on: 'collection'; effect: 'write'; input: FactorEnrolInput }
      confirm: { on: 'records'; effect: 'write'; input: FactorConfirmInput }
      use: { on: 'records'; effect: 'write'; input: FactorUseInput }
      disable: { on: 'records'; effect: 'write'; input: FactorDisableInput }
      regenerate: { on: 'collection'; effect: 'write'; input: FactorRegenerateInput }
      reseal: { on: 'records'; effect: 'write'; input: FactorResealInput }
      keep_code: { on: 'records'; effect: 'write'; input: FactorKeepCodeInput }
      send_code: { on: 'records'; effect: 'write'; input: FactorSendCodeInput }
    }
  }
  links: {
    record: Link
    create: never
    update: never
    verbs: {
      issue: { on: 'collection'; effect: 'write'; input: LinkIssueInput }
      redeem: { on: 'records'; effect: 'write'; input: LinkRedeemInput }
    }
  }
  grants: {
    record: Grant
    create: GrantInput
    update: never
    verbs: {
      revoke: { on: 'records'; effect: 'write'; input: GrantRevokeInput }
      take: { on: 'collection'; effect: 'write'; input: GrantTakeInput }
      ship: { on: 'collection'; effect: 'write'; input: GrantShipInput }
    }
  }
  access_requests: {
    record: AccessRequest
    create: AccessRequestInput
    update: never
    verbs: {
      approve: { on: 'records'; effect: 'write'; input: AccessRequestApproveInput }
      reject: { on: 'records'; effect: 'write'; input: AccessRequestRejectInput }
      withdraw: { on: 'records'; effect: 'write'; input: AccessRequestWithdrawInput }
      lapse: { on: 'collection'; effect: 'write'; input: AccessRequestLapseInput }
    }
  }
  clients: {
    record: Client
    create: ClientInput
    update: ClientPatch
    verbs: {
      admit: { on: 'collection'; effect: 'write'; input: ClientAdmitInput }
      activate: { on: 'records'; effect: 'write'; input: ClientActivateInput }
      deactivate: { on: 'records'; effect: 'write'; input: ClientDeactivateInput }
    }
  }
  client_keys: {
    record: ClientKey
    create: ClientKeyInput
    update: never
    verbs: {
      rotate: { on: 'records'; effect: 'write'; input: ClientKeyRotateInput }
      revoke: { on: 'records'; effect: 'write'; input: ClientKeyRevokeInput }
    }
  }
  client_tokens: {
    record: ClientToken
    create: never
    update: never
    verbs: {
      issue: { on: 'collection'; effect: 'write'; input: ClientTokenIssueInput }
      revoke: { on: 'records'; effect: 'write'; input: ClientTokenRevokeInput }
    }
  }
}

/** Verbs by resource: what they work on, and whether they write. */
export const verbs = {
  products: {
    archive: { on: 'records', effect: 'write' },
    restore: { on: 'records', effect: 'write' },
    lock: { on: 'records', effect: 'write' },
    unlock: { on: 'records', effect: 'write' },
    stats: { on: 'collection', effect: 'read' },
    nuke: { on: 'collection', effect: 'write' },
    reprice: { on: 'collection', effect: 'write' },
  },
  tokens: { revoke: { on: 'records', effect: 'write' } },
  imports: {},
  import_templates: {},
  import_sources: {
    run: { on: 'records', effect: 'write' },
    check: { on: 'records', effect: 'write' },
    enable: { on: 'records', effect: 'write' },
    disable: { on: 'records', effect: 'write' },
    alarm: { on: 'records', effect: 'write' },
    recover: { on: 'records', effect: 'write' },
  },
  jobs: { retry: { on: 'records', effect: 'write' }, remove: { on: 'records', effect: 'write' } },
  validation_rules: {
    archive: { on: 'records', effect: 'write' },
    restore: { on: 'records', effect: 'write' },
    try: { on: 'records', effect: 'read' },
  },
  saved_views: {
    archive: { on: 'records', effect: 'write' },
    restore: { on: 'records', effect: 'write' },
    check: { on: 'records', effect: 'read' },
  },
  users: {
    archive: { on: 'records', effect: 'write' },
    restore: { on: 'records', effect: 'write' },
    invite: { on: 'collection', effect: 'write' },
    suspend: { on: 'records', effect: 'write' },
    resume: { on: 'records', effect: 'write' },
    recover: { on: 'records', effect: 'write' },
    reset_password: { on: 'records', effect: 'write' },
    enter: { on: 'collection', effect: 'write' },
    request_email: { on: 'records', effect: 'write' },
    set_password: { on: 'records', effect: 'write' },
    rehash: { on: 'records', effect: 'write' },
    change_email: { on: 'records', effect: 'write' },
    refuse: { on: 'records', effect: 'write' },
    contact: { on: 'records', effect: 'read' },
  },
  roles: { archive: { on: 'records', effect: 'write' }, restore: { on: 'records', effect: 'write' } },
  memberships: { revoke: { on: 'records', effect: 'write' } },
  sessions: {
    rotate: { on: 'records', effect: 'write' },
    revoke: { on: 'records', effect: 'write' },
    revoke_others: { on: 'collection', effect: 'write' },
    end_all: { on: 'collection', effect: 'write' },
  },
  factors: {
    enrol: { on: 'collection', effect: 'write' },
    confirm: { on: 'records', effect: 'write' },
    use: { on: 'records', effect: 'write' },
    disable: { on: 'records', effect: 'write' },
    regenerate: { on: 'collection', effect: 'write' },
    reseal: { on: 'records', effect: 'write' },
    keep_code: { on: 'records', effect: 'write' },
    send_code: { on: 'records', effect: 'write' },
  },
  links: { issue: { on: 'collection', effect: 'write' }, redeem: { on: 'records', effect: 'write' } },
  grants: {
    revoke: { on: 'records', effect: 'write' },
    take: { on: 'collection', effect: 'write' },
    ship: { on: 'collection', effect: 'write' },
  },
  access_requests: {
    approve: { on: 'records', effect: 'write' },
    reject: { on: 'records', effect: 'write' },
    withdraw: { on: 'records', effect: 'write' },
    lapse: { on: 'collection', effect: 'write' },
  },
  clients: {
    admit: { on: 'collection', effect: 'write' },
    activate: { on: 'records', effect: 'write' },
    deactivate: { on: 'records', effect: 'write' },
  },
  client_keys: { rotate: { on: 'records', effect: 'write' }, revoke: { on: 'records', effect: 'write' } },
  client_tokens: { issue: { on: 'collection', effect: 'write' }, revoke: { on: 'records', effect: 'write' } },
} as const

/** Codes of problems; each has a place on /docs/problems. */
export type ProblemCode =
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'method'
  | 'body.size'
  | 'media_type'
  | 'rate'
  | 'body'
  | 'content_length'
  | 'content_type'
  | 'headers.size'
  | 'http.syntax'
  | 'request'
  | 'timeout'
  | 'url'
  | 'url.characters'
  | 'json.syntax'
  | 'json.depth'
  | 'json.encoding'
  | 'json.name'
  | 'query.length'
  | 'query_parameter'
  | 'import_parameter'
  | 'parameter'
  | 'filter'
  | 'q'
  | 'q.length'
  | 'sort'
  | 'fields'
  | 'expand'
  | 'facets'
  | 'count'
  | 'cursor'
  | 'limit'
  | 'after'
  | 'dry_run'
  | 'strict'
  | 'verdict'
  | 'format'
  | 'profile'
  | 'mode'
  | 'decimal'
  | 'wait_seconds'
  | 'reason'
  | 'if_match'
  | 'if_none_match'
  | 'idempotency_key'
  | 'idempotency_key.length'
  | 'usage'
  | 'invalid'
  | 'value'
  | 'version'
  | 'archived'
  | 'state'
  | 'unique'
  | 'overlap'
  | 'reference'
  | 'user.last_owner'
  | 'busy'
  | 'idempotency_key.reused'
  | 'idempotency_key.busy'
  | 'view.broken'
  | 'catalog.missing'
  | 'nuke.unconfirmed'
  | 'import.state'
  | 'import.rejected'
  | 'import.rules_changed'
  | 'import.empty'
  | 'import.plan_lost'
  | 'catalog.busy'
  | 'resource'
  | 'columns'
  | 'on_error'
  | 'max_removal_share'
  | 'form'
  | 'form.order'
  | 'snapshot'
  | 'snapshot.empty'
  | 'snapshot.removals'
  | 'mapping.invalid'
  | 'file.empty'
  | 'file.kind'
  | 'file.html'
  | 'file.encrypted'
  | 'file.columns'
  | 'file.rows'
  | 'file.size'
  | 'file.missing'
  | 'file.forbidden'
  | 'file.place'
  | 'json.size'
  | 'text.encoding'
  | 'csv.delimiter'
  | 'csv.quote'
  | 'csv.size'
  | 'csv.syntax'
  | 'header.duplicate'
  | 'cell.damaged'
  | 'xlsx.damaged'
  | 'xlsx.empty'
  | 'xlsx.sheet'
  | 'xlsx.styles'
  | 'zip.damaged'
  | 'zip.doctype'
  | 'zip.encoding'
  | 'zip.encrypted'
  | 'zip.entries'
  | 'zip.method'
  | 'zip.name'
  | 'zip.nested'
  | 'zip.ratio'
  | 'zip.size'
  | 'zip.strings'
  | 'reader.cancelled'
  | 'reader.failed'
  | 'reader.memory'
  | 'reader.timeout'
  | 'export.cell'
  | 'export.rows'
  | 'accept'
  | 'as_of'
  | 'until'
  | 'redo'
  | 'feed.gone'
  | 'feed.size'
  | 'feed.slow'
  | 'live.full'
  | 'live.id'
  | 'live.streams'
  | 'live.subscriptions'
  | 'subscriptions'
  | 'first'
  | 'if_version'
  | 'graphql.bytes'
  | 'graphql.tokens'
  | 'graphql.depth'
  | 'graphql.aliases'
  | 'graphql.directives'
  | 'graphql.root_fields'
  | 'graphql.cost'
  | 'graphql.invalid'
  | 'graphql.operation'
  | 'graphql.overlap'
  | 'graphql.request'
  | 'graphql.syntax'
  | 'promotion.release'
  | 'promotion.unconfirmed'
  | 'promotion.refused'
  | 'serai_reason'
  | 'source.folder'
  | 'source.missing'
  | 'source.busy'
  | 'source.entries'
  | 'sign_in.refused'
  | 'sign_in.wait'
  | 'sign_in.busy'
  | 'sms.wait'
  | 'link.used'
  | 'factor.used'
  | 'factor.none'
  | 'factor_missing'
  | 'step_up'
  | 'cross_origin'
  | 'internal'
  | 'closing'
  | 'database.unavailable'
  | 'database.busy'
  | 'database.timeout'
  | 'storage.full'
  | 'backup.not_found'
  | 'backup.altered'
  | 'backup.too_new'
  | 'backup.schema'
  | 'backup.not_restorable'
  | 'backup.unverified'
  | 'backup.disk_full'
  | 'backup.refused'
  | 'backup.failed'
  | 'restore.unconfirmed'
  | 'migration.newer'
  | 'migration.gap'
  | 'migration.unknown'
  | 'migration.misnamed'
  | 'migration.failed'
