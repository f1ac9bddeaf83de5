import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { resolveSettings, SettingsError } from '../../cli/settings.ts'

const faults = (subgraphs: unknown, env: Record<string, string> = {}): string[] => {
  try {
    resolveSettings({ env, file: { subgraphs } })
    return []
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error))
    return error.message.split('\n')
  }
}

const url = 'http://localhost:4001/graphql'

describe('subgraphs in freshet.yaml', () => {
  test('have all that is set, secrets from the environment', () => {
    const { subgraphs } = resolveSettings({
      env: { KEY: 's3cret', FRESHET_PUBLIC_URL: 'https://freshet.example.com' },
      file: { subgraphs: {
        reviews: {
          url, sdl: './reviews.graphql', headers: { Authorization: 'Bearer ${KEY}' }, forwardHeaders: ['X-Person'], timeoutMs: 500, retries: 0, passErrors: true,
          tls: { ca: './ca.pem' }, subscriptions: { protocol: 'callback', url },
        },
        auctions: { sdl: './auctions.graphql', events: true },
      } },
    })
    assert.deepEqual(subgraphs, [
      {
        name: 'reviews', url, sdl: './reviews.graphql', headers: { authorization: 'Bearer s3cret' }, forwardHeaders: ['x-person'], timeoutMs: 500,
        retries: 0, passErrors: true, tls: { ca: './ca.pem' }, subscriptions: { protocol: 'callback', url }, events: false,
      },
      { name: 'auctions', sdl: './auctions.graphql', headers: {}, forwardHeaders: [], events: true },
    ])
  })

  test('that are wrong are named, with what was expected, what came and an example', () => {
    const at = 'freshet.yaml: subgraphs'
    for (const [subgraphs, ...expected] of [
      ['reviews', `${at}: expected names with settings. For example: subgraphs: { reviews: { url: http://localhost:4001/graphql } }`],
      [{ reviews: url }, `${at}.reviews: expected settings, got "${url}". For example: url: ${url}`],
      [{ reviews: {} }, `${at}.reviews: "url" is missing. For example: url: ${url}`],
      [{ reviews: { url, timeOut: 1 } }, `${at}.reviews.timeOut: is no setting of a subgraph; there are url, sdl, headers, forwardHeaders, timeoutMs, retries, passErrors, tls, subscriptions, events.`],
      [{ reviews: { url: 'localhost', retries: -1 } },
        `${at}.reviews.url: expected an http or https address without a password in it, got "localhost". For example: url: ${url}`,
        `${at}.reviews.retries: expected a whole number from 0 to 10, got -1. For example: retries: 2`],
      [{ reviews: { url, subscriptions: { protocol: 'ws' } } }, `${at}.reviews.subscriptions.protocol: expected graphql-ws, sse or callback, got "ws". For example: protocol: graphql-ws`],
      [{ reviews: { url, subscriptions: {} } }, `${at}.reviews: subscriptions: "protocol" is missing. For example: protocol: graphql-ws`],
      [{ reviews: { url, subscriptions: { protocol: 'callback' } } },
        `${at}.reviews: subscriptions by callback need "publicUrl": where the subgraph reaches this gateway. For example: FRESHET_PUBLIC_URL=https://freshet.example.com`],
      [{ reviews: { url, headers: { authorization: '${NOT_SET}' } } }, `${at}.reviews.headers.authorization: the environment has no "NOT_SET"; set it, or write the value itself.`],
      [{ reviews: { events: true } },
        `${at}.reviews: "events: true" needs "sdl" and no "url": the fields are fed by topics. For example: { sdl: ./auctions.graphql, events: true }`],
      [{ 'a-b': { url } }, `${at}.a-b: a name is a letter, then letters, digits and underscores, 64 at most.`],
    ] as const) assert.deepEqual(faults(subgraphs), expected)
  })

  test('do not show their secrets in what is wrong', () => {
    const [fault = ''] = faults({ reviews: { url, headers: { authorization: 'Bearer ${KEY}\n' } } }, { KEY: 's3cret' })
    assert.match(fault, /headers: expected names and values of headers, got something else/)
    assert.doesNotMatch(fault, /s3cret/)
    assert.doesNotMatch(faults({ reviews: { url: '${KEY}' } }, { KEY: 's3cret' }).join(), /s3cret/)
  })

  test('are settings or an error in words, whatever stands there', () => {
    const names = ['url', 'headers', 'tls', 'subscriptions', 'events', 'sdl', 'forwardHeaders', '__proto__', 'constructor']
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.dictionary(fc.constantFrom(...names), fc.jsonValue())), (given) => void faults(given)))
    fc.assert(fc.property(fc.jsonValue(), (given) => void faults(given)))
  })
})
