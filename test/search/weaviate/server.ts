/** Names of the collections and aliases on the server that begin with the prefix. */
export async function collectionsOf(url: string, prefix: string): Promise<{ collections: string[]; aliases: string[] }> {
  const { classes } = await (await fetch(`${url}/v1/schema`)).json() as { classes?: { class: string }[] }
  const { aliases } = await (await fetch(`${url}/v1/aliases`)).json() as { aliases?: { alias: string }[] }
  const own = (name: string): boolean => name.startsWith(`${prefix}_`)
  return {
    collections: (classes ?? []).map((one) => one.class).filter(own).sort(),
    aliases: (aliases ?? []).map(({ alias }) => alias).filter(own).sort(),
  }
}

/** Leaves nothing of a test on the shared server: each collection holds memory and files. */
export async function removeCollections(url: string, prefix: string): Promise<void> {
  const { collections, aliases } = await collectionsOf(url, prefix)
  for (const path of [...aliases.map((name) => `aliases/${name}`), ...collections.map((name) => `schema/${name}`)]) {
    const response = await fetch(`${url}/v1/${path}`, { method: 'DELETE' })
    await response.body?.cancel()
  }
}

/** Sets how many candidates a filter may leave for the exact scan, instead of a walk through the graph. */
export async function scanUpTo(url: string, prefix: string, flatSearchCutoff: number): Promise<void> {
  for (const name of (await collectionsOf(url, prefix)).collections) {
    const schema = await (await fetch(`${url}/v1/schema/${name}`)).json() as { vectorConfig?: Record<string, { vectorIndexConfig: object }> }
    for (const vector of Object.values(schema.vectorConfig ?? {})) vector.vectorIndexConfig = { ...vector.vectorIndexConfig, flatSearchCutoff }
    const response = await fetch(`${url}/v1/schema/${name}`, {
      method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(schema),
    })
    if (!response.ok) throw new Error(`the server refused to change ${name}: ${await response.text()}`)
    await response.body?.cancel()
  }
}
