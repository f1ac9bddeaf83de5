import type { Gateway } from '../gateway/start.ts'
import type { Settings } from './settings.ts'

/** What the console says once everything runs: what it is, where to look, and an operation to paste. */
export function greeting({ roles, settings, gateway, log, index, embedder, tookMs }: {
  roles: readonly string[]
  settings: Settings
  gateway: Gateway | undefined
  log: string
  index: string
  embedder: string
  tookMs: number
}): string {
  const lines = [
    `Freshet runs (${roles.join(', ')}), ${(tookMs / 1000).toFixed(1)} s after its start.`,
    `  log       ${log}`,
    `  index     ${index}`,
    `  embedder  ${embedder}`,
  ]
  if (roles.includes('simulate')) lines.push(`  simulator ${settings.simulateRate} events/s of a made-up marketplace, seed ${settings.simulateSeed} (--no-simulate turns it off)`)
  if (gateway) lines.push(
    '',
    `  GraphiQL  ${gateway.url}/graphql      metrics ${gateway.url}/metrics`,
    '',
    'Paste this there, and replace "query" by "subscription" to watch it move:',
    '',
    '  query { feed(userId: "user-1", first: 5) { edges { rank score reasons node { id title seller { name } metrics { viewersNow { value } } } } } }',
  )
  return lines.join('\n')
}
