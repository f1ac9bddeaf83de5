import type { Running } from './run-roles.ts'
import type { Settings } from './settings.ts'

/** What the console says once everything runs: what it is, where to look, and an operation to paste. */
export function greeting({ roles, settings, url, monitoring, log, index, embedder, processes = [], tookMs }: Running & {
  roles: readonly string[]
  settings: Settings
  /** By their system's numbers, where several serve behind the address. */
  processes?: readonly number[]
  tookMs: number
}): string {
  const lines = [
    `Freshet runs (${roles.join(', ')}), ${(tookMs / 1000).toFixed(1)} s after its start.`,
    `  log       ${log}`,
    `  index     ${index}`,
    `  embedder  ${embedder}`,
  ]
  if (processes.length > 0) lines.push(`  processes ${processes.join(', ')} serve behind the one port`)
  if (roles.includes('simulate')) lines.push(`  simulator ${settings.simulateRate} events/s of a made-up marketplace, seed ${settings.simulateSeed} (without it: npm start -- --no-simulate)`)
  if (monitoring) lines.push('', `  metrics   ${monitoring}/metrics      health ${monitoring}/health/ready`)
  if (url) lines.push(
    '',
    `  GraphiQL  ${url}/graphql      metrics ${url}/metrics`,
    '',
    'Paste this there, and replace "query" by "subscription" to watch it move:',
    '',
    '  query { feed(userId: "user-1", first: 5) { edges { rank score reasons node { id title seller { name } metrics { viewersNow { value } } } } } }',
  )
  return lines.join('\n')
}
