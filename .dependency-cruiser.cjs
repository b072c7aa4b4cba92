// The arrows of ARCHITECTURE.md: importer → imported. What is not listed is forbidden.
const arrows = {
  kernel: [],
  traits: ['kernel'],
  store: ['kernel'],
  engine: ['kernel', 'store'],
  intake: ['kernel'],
  ports: ['kernel'],
  work: ['kernel', 'engine', 'store', 'intake', 'ports'],
  doors: ['kernel', 'engine', 'intake'],
  areas: ['kernel', 'traits', 'ports'],
}
const TESTS = '(^|[./])(test|testing)[.]ts$'

const rooms = Object.entries(arrows).map(([room, allowed]) => ({
  name: `${room} → ${allowed.join(', ') || 'nothing'}`,
  severity: 'error',
  from: { path: `^src/${room}/`, pathNot: TESTS },
  to: { path: '^src/', pathNot: `^src/(${[room, ...allowed].join('|')})/` },
}))

module.exports = {
  forbidden: [
    ...rooms,
    {
      name: 'no cycle',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'the kernel has no dependency',
      severity: 'error',
      from: { path: '^src/kernel/', pathNot: TESTS },
      to: { dependencyTypes: ['npm', 'core'] },
    },
    {
      name: 'areas do not import each other',
      severity: 'error',
      from: { path: '^src/areas/([^/]+)/', pathNot: TESTS },
      to: { path: '^src/areas/', pathNot: '^src/areas/$1/' },
    },
    {
      // An interface is `mail.ts`, its adapters are `mail-….ts`. That areas import types only, the compiler's parser alone could say.
      name: 'areas know the interfaces of ports, not their adapters',
      severity: 'error',
      from: { path: '^src/areas/', pathNot: TESTS },
      to: { path: '^src/ports/[a-z]+-' },
    },
    {
      name: 'the client stands alone',
      severity: 'error',
      from: { path: '^client/', pathNot: TESTS },
      to: { pathNot: '^client/' },
    },
    {
      name: 'only main knows the areas',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/areas/', '^src/main[.]ts$', TESTS] },
      to: { path: '^src/areas/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
