import type { Fault } from '../../../kernel/fault.ts'
import { fault } from '../../../kernel/fault.ts'
import type { Row } from '../../../kernel/field.ts'
import { f } from '../../../kernel/fields/index.ts'
import { parsePermission } from '../../../kernel/grants/permission.ts'
import { parseRange } from './addresses.ts'

const SCOPES_MAX = 100

/** Permissions to which a credential narrows what its holder may do. */
export const scopes = f.list(f.text({ max: 81, line: true }), {
  optional: true,
  max: SCOPES_MAX,
  description:
    'permissions it is narrowed to, such as product:read or order:*; all that was granted when absent',
})

/** What is wrong with the scopes and addresses of a client, each at its place. */
export function checkNarrowing(row: Row): Fault[] {
  const wrong = (name: string, fits: (text: string) => boolean, what: string) =>
    ((row[name] ?? []) as string[]).flatMap((text, index) =>
      fits(text) ? [] : [fault(`${name}[${index}]`, `${name}.syntax`, what, text)],
    )
  return [
    ...wrong(
      'scopes',
      (text) => parsePermission(text) !== undefined,
      'must be a permission such as product:read',
    ),
    ...wrong(
      'allowed_addresses',
      (text) => parseRange(text) !== undefined,
      'must be an address or a range, such as 192.0.2.7 or 192.0.2.0/24',
    ),
  ]
}
