import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { findChromium } from './browser.ts'
import { isInstalled } from './cache.ts'
import { kafkaEntry } from './kafka.ts'
import { weaviateEntry } from './weaviate.ts'

export type RealPart = 'kafka' | 'weaviate' | 'browser'

/**
 * For `describe(…, { skip: requireReal('kafka') }, …)`: false where the part can be started, else the reason for skipping,
 * which is printed too.
 * @throws with `CI=true` instead of skipping: a check that silently leaves out the real parts proves nothing
 */
export function requireReal(...parts: RealPart[]): string | false {
  const reasons = parts.flatMap((part) => whyUnavailable(part) ?? [])
  if (reasons.length === 0) return false
  const reason = reasons.join('; ')
  if (isContinuousIntegration()) throw new Error(`CI=true forbids skipping the real ${parts.join(' and ')}: ${reason}`)
  console.error(`\n*** SKIPPED: tests on the real ${parts.join(' and ')}: ${reason} ***\n`)
  return reason
}

export const isContinuousIntegration = (): boolean => !['', '0', 'false'].includes(process.env['CI'] ?? '')

/** What this machine lacks for starting the real part, and how to mend it; undefined when nothing is missing. */
export function whyUnavailable(part: RealPart): string | undefined {
  return requirements[part]()
}

const requirements: Record<RealPart, () => string | undefined> = {
  kafka() {
    if (process.env['FRESHET_TEST_KAFKA']) return undefined
    const java = versionOf('java', ['-version'], /version "(\d+)()/)
    if (java === undefined || java[0] < 17) {
      return `expected Java ≥ 17, found ${java ? java[0] : 'none'} (Debian: apt-get install openjdk-17-jre-headless)`
    }
    if (isInstalled(kafkaEntry) || versionOf('mvn', ['-version'], /Maven (\d+)\.(\d+)/)) return undefined
    return 'expected Maven to fetch Kafka with, found none (Debian: apt-get install maven)'
  },

  weaviate() {
    if (process.env['FRESHET_TEST_WEAVIATE'] || isInstalled(weaviateEntry)) return undefined
    const go = versionOf('go', ['version'], /go(\d+)\.(\d+)/)
    // What Weaviate's go.mod asks for.
    if (go !== undefined && (go[0] > 1 || go[1] >= 26)) return undefined
    return `expected Go ≥ 1.26 to build Weaviate with, found ${go ? go.join('.') : 'none'}`
  },

  browser() {
    const path = findChromium()
    if (existsSync(path)) return undefined
    return `expected Chromium at ${path}, found none (Debian: apt-get install chromium; or set CHROMIUM to its path)`
  },
}

function versionOf(program: string, args: string[], pattern: RegExp): [major: number, minor: number] | undefined {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  const match = pattern.exec(`${stdout ?? ''}${stderr ?? ''}`)
  return match ? [Number(match[1]), Number(match[2])] : undefined
}
