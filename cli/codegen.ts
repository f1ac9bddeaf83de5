import { resolve } from 'node:path'

/** A file as `codegen.yml` generates it. */
export interface GeneratedFile {
  filename: string
  content: string
}

/** Runs `codegen.yml` in memory. The generator is a development dependency, so it is loaded only here, when it is needed. */
export async function generateTypes(root: string): Promise<GeneratedFile[]> {
  const { generate, loadContext } = await import('@graphql-codegen/cli').catch((error: unknown) => {
    throw new Error('The code generator is not installed: it is a development dependency. Run `npm ci` without --omit=dev, then this again.', { cause: error })
  })
  const context = await loadContext(resolve(root, 'codegen.yml'))
  context.cwd = root
  context.updateConfig({ silent: true, cwd: root })
  const files = (await generate(context, false)) as GeneratedFile[]
  return files.map(({ filename, content }) => ({ filename: resolve(root, filename), content }))
}
