import type { Resource } from '../../kernel/resource.ts'

/** `import_template` → `ImportTemplate`. */
export function pascal(name: string): string {
  return name.replaceAll(/(?:^|[_-])([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** Name of the schema of a record. */
export function recordName(resource: Resource): string {
  return pascal(resource.name)
}

/** Name of the schema of what an action takes. */
export function inputName(resource: Resource, action: string): string {
  if (action === 'create') return `${pascal(resource.name)}Input`
  return action === 'update'
    ? `${pascal(resource.name)}Patch`
    : `${pascal(resource.name)}${pascal(action)}Input`
}

/** A reference to a schema of the document. */
export function schemaRef(name: string): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` }
}
