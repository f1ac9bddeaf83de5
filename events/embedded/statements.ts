/** The tables of a new file. */
export const schema = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE topics (
    name TEXT PRIMARY KEY, first_slot INTEGER NOT NULL, compacted INTEGER NOT NULL, retention_ms INTEGER
  ) WITHOUT ROWID;
  CREATE TABLE batches (
    id INTEGER PRIMARY KEY, count INTEGER NOT NULL, appended_at INTEGER NOT NULL, blob BLOB NOT NULL
  );
  CREATE TABLE latest (
    id INTEGER PRIMARY KEY, appended_at INTEGER NOT NULL, slot INTEGER NOT NULL, key TEXT NOT NULL,
    tombstone INTEGER NOT NULL, blob BLOB NOT NULL, UNIQUE (slot, key)
  );
  CREATE INDEX tombstones ON latest (slot, appended_at) WHERE tombstone;
  CREATE TABLE epochs (name TEXT PRIMARY KEY, epoch INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE commits (
    name TEXT NOT NULL, partition TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (name, partition)
  ) WITHOUT ROWID;
  CREATE TABLE protected (partition TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
`

/** Every statement of the log, prepared once per file. */
export function prepare<Statement>(db: { prepare(sql: string): Statement }) {
  const table = (from: string) => ({
    scan: db.prepare(`SELECT id, count, appended_at, blob ${from} WHERE id >= ? AND id < ? ORDER BY id`),
    floor: db.prepare(`SELECT id, count, appended_at ${from} WHERE id <= ? AND id >= ? ORDER BY id DESC LIMIT 1`),
    first: db.prepare(`SELECT id, count, appended_at ${from} WHERE id >= ? AND id < ? ORDER BY id LIMIT 1`),
  })
  return {
    batches: table('FROM batches'),
    latest: table('FROM (SELECT id, 1 AS count, appended_at, blob FROM latest)'),
    topics: db.prepare('SELECT * FROM topics ORDER BY first_slot'),
    addTopic: db.prepare('INSERT INTO topics VALUES (?, ?, ?, ?)'),
    insert: db.prepare('INSERT INTO batches VALUES (?, ?, ?, ?)'),
    replace: db.prepare('INSERT OR REPLACE INTO latest VALUES (?, ?, ?, ?, ?, ?)'),
    oldest: db.prepare('SELECT id, length(blob) AS size FROM batches WHERE id >= ? AND id < ? ORDER BY id LIMIT ?'),
    remove: db.prepare('DELETE FROM batches WHERE id = ?'),
    removeTombstones: db.prepare('DELETE FROM latest WHERE tombstone AND slot = ? AND appended_at < ? AND id < ?'),
    used: db.prepare(`SELECT (page_count - freelist_count) * page_size AS bytes
      FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()`),
    nextEpoch: db.prepare('INSERT INTO epochs VALUES (?, 1) ON CONFLICT DO UPDATE SET epoch = epoch + 1 RETURNING epoch'),
    committed: db.prepare('SELECT partition, position FROM commits WHERE name = ?'),
    commit: db.prepare('INSERT INTO commits VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET position = excluded.position'),
    protected: db.prepare('SELECT partition, position FROM protected'),
    protect: db.prepare('INSERT INTO protected VALUES (?, ?) ON CONFLICT DO UPDATE SET position = excluded.position'),
    setMeta: db.prepare('INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value'),
    removeMeta: db.prepare('DELETE FROM meta WHERE key = ?'),
  }
}
