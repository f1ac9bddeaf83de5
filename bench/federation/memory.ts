import type { Gateway } from '../program.ts'
import { quantile, type Report } from '../report.ts'
import { residentOf } from '../resident.ts'
import { answerOf, load, type Asked } from './load.ts'

/** Between two looks, seconds of each operation. */
const sliceSeconds = 5

/**
 * Resident memory under load, all gateways at the same time: identical operations and varying ones by turns, for so long. Flat is what
 * is no more in the last fifth of the time than in the second, by their medians.
 */
export async function memoryUnderLoad(report: Report, starts: readonly (() => Promise<Gateway>)[], operations: readonly Asked[], seconds: number): Promise<void> {
  const finals = new Map<string, number>()
  await Promise.all(starts.map(async (start) => {
    await using gateway = await start()
    const samples: number[] = []
    const troubles: string[] = []
    let answers = 0
    const until = performance.now() + seconds * 1000
    while (performance.now() < until) {
      for (const asked of operations) {
        try {
          answers += sliceSeconds * (await load(gateway, asked, sliceSeconds, await answerOf(gateway, asked))).rate
        } catch (error) {
          troubles.push(String(error))
        }
      }
      samples.push(residentOf(gateway.pid))
    }
    const fifth = (number: number): number =>
      quantile(samples.slice(Math.floor(samples.length * (number - 1) / 5), Math.max(1, Math.floor(samples.length * number / 5))), 0.5)
    // Where others stop the machine for a while, answers come too late: that says nothing of memory.
    if (troubles.length > 0) report.note(`${gateway.name}: ${troubles.length} slices of ${samples.length * operations.length} ended early, the first by ${troubles[0]}`)
    report.note(`${gateway.name}: some ${Math.round(answers)} answers of 88 KB`)
    const own = gateway.name.startsWith('Freshet')
    finals.set(own ? 'Freshet' : gateway.name, fifth(5))
    report.add(`memory after ${Math.round(seconds / 60)} min of load: ${gateway.name}, resident`, fifth(5), 'MiB')
    report.add(`memory: ${gateway.name}, last fifth of the time / second fifth`, fifth(5) / fifth(2), '×', own ? '<= 1.05' : undefined)
  }))
  const own = finals.get('Freshet')
  for (const [name, resident] of finals)
    if (own !== undefined && name !== 'Freshet') report.add(`memory: Freshet / ${name}, resident`, own / resident, '×', name === 'Cosmo' ? '<= 1.5' : undefined)
}
