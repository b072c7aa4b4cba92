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
  archived_at: string | null
  archived_by: string | null
  archive_reason: string | null
  key_released: boolean
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

export type Resources = {
  products: {
    record: Product
    create: ProductInput
    update: ProductPatch
    verbs: {
      archive: { on: 'records'; input: ProductArchiveInput }
      restore: { on: 'records'; input: ProductRestoreInput }
      stats: { on: 'collection'; input: ProductStatsInput }
      nuke: { on: 'collection'; input: ProductNukeInput }
      reprice: { on: 'collection'; input: ProductRepriceInput }
    }
  }
  tokens: {
    record: Token
    create: TokenInput
    update: never
    verbs: { revoke: { on: 'records'; input: TokenRevokeInput } }
  }
  imports: { record: Import; create: never; update: never; verbs: Record<never, never> }
  import_templates: {
    record: ImportTemplate
    create: ImportTemplateInput
    update: ImportTemplatePatch
    verbs: Record<never, never>
  }
}

/** Verbs by resource: what they work on, and whether they write. */
export const verbs = {
  products: {
    archive: { on: 'records', effect: 'write' },
    restore: { on: 'records', effect: 'write' },
    stats: { on: 'collection', effect: 'read' },
    nuke: { on: 'collection', effect: 'write' },
    reprice: { on: 'collection', effect: 'write' },
  },
  tokens: { revoke: { on: 'records', effect: 'write' } },
  imports: {},
  import_templates: {},
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
  | 'filter.length'
  | 'filter.size'
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
  | 'busy'
  | 'idempotency_key.reused'
  | 'idempotency_key.busy'
  | 'catalog.missing'
  | 'nuke.unconfirmed'
  | 'import.state'
  | 'import.rejected'
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
