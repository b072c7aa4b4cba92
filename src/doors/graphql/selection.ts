import { type FieldNode, type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql'

/**
 * The fields that are asked for below the field being resolved, by name, fragments opened: what is not asked for need not
 * be read. `@skip` and `@include` are not weighed: at worst something is read that is not shown.
 */
export function selectedBelow(info: GraphQLResolveInfo, ...path: string[]): Set<string> {
  let nodes: readonly FieldNode[] = info.fieldNodes
  for (const step of path) nodes = fieldsOf(nodes, info).filter(({ name }) => name.value === step)
  return new Set(fieldsOf(nodes, info).map(({ name }) => name.value))
}

function fieldsOf(nodes: readonly FieldNode[], { fragments }: GraphQLResolveInfo): FieldNode[] {
  const found: FieldNode[] = []
  const opened = new Set<string>()
  const collect = (set: SelectionSetNode | undefined) => {
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FIELD) found.push(selection)
      else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet)
      else if (!opened.has(selection.name.value)) {
        opened.add(selection.name.value)
        collect(fragments[selection.name.value]?.selectionSet)
      }
    }
  }
  for (const node of nodes) collect(node.selectionSet)
  return found
}
