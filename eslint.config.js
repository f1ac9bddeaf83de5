import tseslint from 'typescript-eslint'

/** The rooms in the order in which data flows. A room may import from the rooms before it, never from those after it. */
const rooms = ['events', 'ingest', 'search', 'ranking', 'schema', 'resolvers', 'subscriptions', 'gateway', 'cli']

/** Which room may be used by an earlier one: ingest writes to the index port, which lives in search. */
const exceptions = { ingest: ['search'] }

/** Each client library is imported by its adapter and by nothing else. */
const clients = {
  kafkajs: 'events/kafka{.ts,/**}',
  'node:sqlite': 'events/sqlite.ts',
  'weaviate-client': 'search/weaviate{.ts,/**}',
  '@graphql-hive/router-query-planner': 'federation/plan.ts',
  '@theguild/federation-composition': 'federation/compose.ts',
}

const roomPattern = (room, why) => ({ regex: `^(\\.\\./)+${room}/`, message: why })

const roomRules = rooms.map((room, index) => {
  const later = rooms.slice(index + 1).filter((other) => !(exceptions[room] ?? []).includes(other))
  const closed = [...later, 'simulator', 'bench', 'test', ...(index < rooms.indexOf('resolvers') ? ['federation'] : [])]
  return { room, patterns: closed.filter((other) => !(room === 'cli' && other === 'simulator')).map((other) =>
    roomPattern(other, `${room}/ must not import ${other}/: imports follow the flow of the data.`)) }
})
roomRules.push({
  room: 'federation',
  patterns: [...rooms, 'simulator', 'bench', 'test'].map((other) =>
    roomPattern(other, 'federation/ knows nothing of live streams and imports no other room.')),
})
roomRules.push({
  room: 'simulator',
  patterns: rooms.filter((other) => other !== 'events').map((other) =>
    roomPattern(other, 'simulator/ may use events/ only: it must not share knowledge with what it tests.')),
})

const clientPaths = Object.entries(clients).map(([name, file]) => ({ name, message: `Only ${file} imports ${name}.` }))

export default tseslint.config(
  { ignores: ['node_modules/', '.cache/', '.freshet/', '**/generated/**'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: ['error', 'smart'],
    },
  },
  ...roomRules.map(({ room, patterns }) => ({
    files: [`${room}/**/*.ts`],
    rules: { 'no-restricted-imports': ['error', { patterns, paths: clientPaths }] },
  })),
  // The adapters themselves: the room's direction still holds, the client of this file is open.
  ...Object.entries(clients).map(([name, file]) => ({
    files: [file],
    rules: {
      'no-restricted-imports': ['error', {
        patterns: roomRules.find(({ room }) => file.startsWith(`${room}/`))?.patterns ?? [],
        paths: clientPaths.filter((path) => path.name !== name),
      }],
    },
  })),
)
