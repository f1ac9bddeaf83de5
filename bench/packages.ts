import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * The directory with the packages of a folder of `bench/`, its files beside them: installed outside the repository by the first run that
 * needs it. @param folder with a package-lock.json
 * @throws Error when they cannot be installed.
 */
export function installPackages(folder: 'peers' | 'peers/cosmo'): string {
  const source = join(import.meta.dirname, folder)
  const hash = createHash('sha256').update(readFileSync(join(source, 'package-lock.json'))).digest('hex').slice(0, 12)
  const directory = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'freshet', `${folder.replace('/', '-')}-${hash}`)
  mkdirSync(directory, { recursive: true })
  for (const file of readdirSync(source))
    if (statSync(join(source, file)).isFile()) copyFileSync(join(source, file), join(directory, file))
  const done = join(directory, 'installed')
  if (!existsSync(done)) {
    execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'], { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] })
    writeFileSync(done, '')
  }
  return directory
}
