import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionNode,
  type SelectionSetNode,
  TypeMetaFieldDef,
  type ValueNode,
} from 'graphql'

/** How large an operation is, its fragments opened wherever they are spread. */
export type Measure = {
  /** levels of fields. */
  depth: number
  /** fields of the first level. */
  width: number
  aliases: number
  directives: number
  /** objects that the answer may hold: page sizes multiplied through the levels. */
  cost: number
}

type Variables = { readonly [name: string]: unknown }
type Walk = {
  schema: GraphQLSchema
  fragments: ReadonlyMap<string, FragmentDefinitionNode>
  /** measures of fragments, by name, type and page size; a fragment in the making counts nothing, which ends cycles. */
  known: Map<string, Measure>
  variables: Variables
}

/** Items of a list whose length nothing in the document says. */
const LIST_ITEMS = 10
const NOTHING: Measure = { depth: 0, width: 0, aliases: 0, directives: 0, cost: 0 }

/**
 * Measures an operation before anything else is done with it: one walk, linear in the document, whatever its fragments.
 * The document need not be valid: what the schema does not know counts as a value.
 */
export function measure(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
): Measure {
  const fragments = document.definitions.filter((each) => each.kind === Kind.FRAGMENT_DEFINITION)
  const walk: Walk = {
    schema,
    fragments: new Map(fragments.map((fragment) => [fragment.name.value, fragment])),
    known: new Map(),
    variables: withDefaults(operation, variables),
  }
  const root = schema.getRootType(operation.operation) ?? undefined
  const total = measureSet(walk, operation.selectionSet, root, LIST_ITEMS)
  return { ...total, directives: total.directives + (operation.directives?.length ?? 0) }
}

function measureSet(
  walk: Walk,
  set: SelectionSetNode | undefined,
  type: GraphQLNamedType | undefined,
  page: number,
): Measure {
  const total = { ...NOTHING }
  for (const selection of set?.selections ?? []) {
    const part = measureSelection(walk, selection, type, page)
    total.depth = Math.max(total.depth, part.depth)
    total.width += part.width
    total.aliases += part.aliases
    total.directives += part.directives + (selection.directives?.length ?? 0)
    total.cost += part.cost
  }
  return total
}

function measureSelection(
  walk: Walk,
  selection: SelectionNode,
  type: GraphQLNamedType | undefined,
  page: number,
): Measure {
  switch (selection.kind) {
    case Kind.FIELD:
      return measureField(walk, selection, type, page)
    case Kind.INLINE_FRAGMENT: {
      const condition = selection.typeCondition?.name.value
      const narrowed = condition === undefined ? type : walk.schema.getType(condition)
      return measureSet(walk, selection.selectionSet, narrowed, page)
    }
    case Kind.FRAGMENT_SPREAD:
      return measureFragment(walk, selection.name.value, page)
  }
}

function measureFragment(walk: Walk, name: string, page: number): Measure {
  const fragment = walk.fragments.get(name)
  if (!fragment) return NOTHING
  const key = `${name} ${page}`
  const known = walk.known.get(key)
  if (known) return known
  walk.known.set(key, NOTHING)
  const type = walk.schema.getType(fragment.typeCondition.name.value)
  const measured = measureSet(walk, fragment.selectionSet, type, page)
  walk.known.set(key, measured)
  return measured
}

function measureField(
  walk: Walk,
  node: FieldNode,
  parent: GraphQLNamedType | undefined,
  page: number,
): Measure {
  const field = fieldOf(walk.schema, parent, node.name.value)
  const size = field?.extensions.page ? sizeOf(walk, node, field.extensions.page) : page
  const inner = measureSet(walk, node.selectionSet, field && getNamedType(field.type), size)
  const each = node.selectionSet ? 1 + inner.cost : 0
  return {
    depth: 1 + inner.depth,
    width: 1,
    aliases: inner.aliases + (node.alias ? 1 : 0),
    directives: inner.directives,
    cost: each * (field ? itemsOf(field, size) : 1),
  }
}

type AnyField = GraphQLField<unknown, unknown>

function fieldOf(
  schema: GraphQLSchema,
  parent: GraphQLNamedType | undefined,
  name: string,
): AnyField | undefined {
  if (name === SchemaMetaFieldDef.name && parent === schema.getQueryType()) return SchemaMetaFieldDef
  if (name === TypeMetaFieldDef.name && parent === schema.getQueryType()) return TypeMetaFieldDef
  if (!isObjectType(parent) && !isInterfaceType(parent)) return undefined
  const fields = parent.getFields()
  return Object.hasOwn(fields, name) ? fields[name] : undefined
}

function itemsOf(field: AnyField, page: number): number {
  if (!isListType(getNullableType(field.type))) return 1
  return field.extensions.paged ? page : LIST_ITEMS
}

type Page = NonNullable<AnyField['extensions']['page']>

/** Items that a page will have, by the argument that says it: a number, or a list of what comes back. */
function sizeOf({ variables }: Walk, node: FieldNode, { argument, usual, most }: Page): number {
  const given = node.arguments?.find(({ name }) => name.value === argument)?.value
  const size = given && countOf(given, variables)
  return size === undefined ? usual : Math.min(Math.max(size, 1), most)
}

function countOf(value: ValueNode, variables: Variables): number | undefined {
  if (value.kind === Kind.INT) return Number(value.value)
  if (value.kind === Kind.LIST) return value.values.length
  if (value.kind !== Kind.VARIABLE) return undefined
  const given = variables[value.name.value]
  if (Array.isArray(given)) return given.length
  return typeof given === 'number' && Number.isFinite(given) ? given : undefined
}

function withDefaults({ variableDefinitions = [] }: OperationDefinitionNode, given: Variables): Variables {
  const defaults = variableDefinitions.flatMap(({ variable, defaultValue }) =>
    defaultValue ? [[variable.name.value, countOf(defaultValue, {})]] : [],
  )
  return { ...Object.fromEntries(defaults), ...given }
}
