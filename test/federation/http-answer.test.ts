import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HttpAnswerReader } from '../../federation/http-answer.ts'
import { UnusableAnswer } from '../../federation/errors.ts'

const crlf = (...lines: string[]): string => lines.join('\r\n')

/** What a reader makes of the pieces, until the connection ends. */
const read = (pieces: readonly Buffer[], maximumBytes = 1000) => {
  const reader = new HttpAnswerReader(maximumBytes)
  let used = 0
  // The bytes of a piece are overwritten once they are read, as those of a connection are.
  for (const piece of pieces) {
    const copy = Buffer.from(piece)
    used += reader.read(copy)
    copy.fill(0x2a)
    if (reader.complete) break
  }
  const whole = reader.complete
  const atEnd = reader.end()
  const { status, reusable, keepAliveMs, text } = reader
  return { status, text, reusable, keepAliveMs, used, whole, atEnd }
}

const readText = (text: string, maximumBytes?: number) => read([Buffer.from(text)], maximumBytes)

const answers: Record<string, [text: string, expected: Partial<ReturnType<typeof read>>]> = {
  'a length': [crlf('HTTP/1.1 200 OK', 'Content-Length: 6', '', 'héllo'), { status: 200, text: 'héllo', reusable: true, whole: true }],
  'chunks': [
    crlf('HTTP/1.1 200 OK', 'transfer-encoding:  Chunked ', '', '3', 'h\u00e9', '004;a="b"', 'llo!', '0', '', ''),
    { text: 'héllo!', reusable: true, whole: true },
  ],
  'chunks and trailers': [
    crlf('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', 'A ', '0123456789', '0', 'x-sum: 1', 'y: 2', '', ''),
    { text: '0123456789', whole: true },
  ],
  'interim answers': [
    crlf('HTTP/1.1 100 Continue', '', 'HTTP/1.1 103 Early Hints', 'connection: close', 'link: </a>', '', 'HTTP/1.1 400 Bad', 'content-length: 2', '', '{}'),
    { status: 400, text: '{}', reusable: true, whole: true },
  ],
  'no body by its status': [crlf('HTTP/1.1 204 No Content', '', ''), { status: 204, text: '', whole: true, reusable: true }],
  'a length of zero and no reason': [crlf('HTTP/1.1 503', 'content-length:0', '', ''), { status: 503, text: '', whole: true }],
  'the end of the connection': [crlf('HTTP/1.1 200 OK', 'content-type: x', '', '{"a":', '1}'), {
    text: '{"a":\r\n1}', whole: false, atEnd: true, reusable: false,
  }],
  'a connection to be closed': [crlf('HTTP/1.1 200 OK', 'Connection: Close', 'content-length: 1', '', 'x'), { text: 'x', reusable: false }],
  'HTTP/1.0': [crlf('HTTP/1.0 200 OK', 'content-length: 1', '', 'x'), { text: 'x', reusable: false }],
  'HTTP/1.0 that keeps the connection': [
    crlf('HTTP/1.0 200 OK', 'connection: keep-alive', 'keep-alive: max=3, timeout=5', 'content-length: 1', '', 'x'),
    { text: 'x', reusable: true, keepAliveMs: 5000 },
  ],
  'a byte order mark': [crlf('HTTP/1.1 200 OK', 'content-length: 5', '', '\ufeff{}'), { text: '{}' }],
  'the same length twice': [crlf('HTTP/1.1 200 OK', 'content-length: 1', 'content-length: 1', '', 'x'), { text: 'x', whole: true }],
}

for (const [name, [text, expected]] of Object.entries(answers)) {
  test(`reads an answer with ${name}, wherever it is cut`, () => {
    const bytes = Buffer.from(text)
    const whole = read([bytes])
    assert.deepEqual({ ...whole, ...expected }, whole)
    assert.equal(whole.used, bytes.length)
    for (let first = 0; first <= bytes.length; first++) {
      assert.deepEqual(read([bytes.subarray(0, first), bytes.subarray(first)]), whole, `cut at ${first}`)
    }
    assert.deepEqual(read([...bytes].map((byte) => Buffer.of(byte))), whole, 'byte by byte')
    fc.assert(fc.property(fc.array(fc.nat(bytes.length), { maxLength: 6 }), (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), bytes.length]
      assert.deepEqual(read(at.slice(1).map((end, index) => bytes.subarray(at[index], end))), whole)
    }), { numRuns: 50 })
  })
}

test('an answer that is cut off is not complete, wherever', () => {
  for (const [text] of Object.values(answers).slice(0, 4)) {
    const bytes = Buffer.from(text)
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(read([bytes.subarray(0, length)]).atEnd, false, JSON.stringify(text.slice(0, length)))
    }
  }
})

test('tells where an answer ends, so that what follows is not taken for its body', () => {
  const text = crlf('HTTP/1.1 200 OK', 'content-length: 2', '', '{}')
  const { used, text: body } = readText(`${text}HTTP/1.1 200 OK\r\n`)
  assert.deepEqual([used, body], [text.length, '{}'])
})

const ok = (headers: string[], body = ''): string => crlf('HTTP/1.1 200 OK', ...headers, '', body)

test('refuses what is no HTTP/1.1, byte by byte as well', () => {
  const garbage = [
    'SSH-2.0-OpenSSH\r\n', 'HTTP/2 200 OK\r\n', 'HTTP/1.1 20 OK\r\n', 'HTTP/1.1 200OK\r\n', 'HTTP/1.1 200 OK\n', '\r\n', '\x16\x03\x01\x02\n',
    'HTTP/1.1 101 Switching\r\n\r\n', ok(['no colon']), ok([': x']), ok(['content-length: -1']), ok(['content-length: 1e3']), ok(['content-length: ']),
    ok(['content-length: 0x1']), ok(['content-length: 1', 'content-length: 2']), ok(['content-length: 1', 'transfer-encoding: chunked']),
    ok(['transfer-encoding: gzip, chunked']), ok(['transfer-encoding: chunked', 'transfer-encoding: chunked']),
    ok(['transfer-encoding: chunked'], 'x\r\n'), ok(['transfer-encoding: chunked'], '-1\r\n'), ok(['transfer-encoding: chunked'], '\r\n'),
    ok(['transfer-encoding: chunked'], '1\r\nab\r\n'), ok(['transfer-encoding: chunked'], '1\n'), ok(['transfer-encoding: chunked'], '111111111\r\n'),
  ]
  for (const text of garbage) {
    for (const pieces of [[Buffer.from(text)], [...Buffer.from(text)].map((byte) => Buffer.of(byte))]) {
      assert.throws(() => read(pieces), (error) => error instanceof UnusableAnswer && /no HTTP\/1\.1$/.test(error.message), JSON.stringify(text))
    }
  }
})

test('refuses more than is allowed as soon as it is announced or has come', () => {
  const tooLarge = (error: unknown) => error instanceof UnusableAnswer && error.message === 'answered with more than the 10 bytes allowed'
  assert.equal(readText(ok(['content-length: 10'], '0123456789'), 10).whole, true)
  assert.throws(() => readText(ok(['content-length: 11']), 10), tooLarge)
  assert.equal(readText(ok(['transfer-encoding: chunked'], '5\r\n01234\r\n5\r\n01234\r\n0\r\n\r\n'), 10).whole, true)
  assert.throws(() => readText(ok(['transfer-encoding: chunked'], '5\r\n01234\r\n6\r\n'), 10), tooLarge)
  assert.throws(() => readText(ok([], '01234567890'), 10), tooLarge)
})

test('headers, trailers and what stands between chunks are limited, too', () => {
  const long = 'x'.repeat(40_000)
  const limited = (error: unknown) => error instanceof UnusableAnswer && /headers of more than 32768 bytes$/.test(error.message)
  for (const text of [
    `HTTP/1.1 200 ${long}`, ok([`a: ${long}`]), 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(2000),
    ok(['transfer-encoding: chunked'], `1;${long}`), ok(['transfer-encoding: chunked'], `0\r\na: ${long}`),
  ]) assert.throws(() => readText(text), limited, text.slice(0, 60))
  const chunks = '1;x=yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\na\r\n'.repeat(900)
  assert.equal(readText(ok(['transfer-encoding: chunked'], `${chunks}0\r\n\r\n`)).text.length, 900)
})

test('is ready for the next answer after a reset', () => {
  const reader = new HttpAnswerReader(100)
  for (const [headers, body] of [[['content-length: 2', 'keep-alive: timeout=9'], '{}'], [['transfer-encoding: chunked'], '1\r\n7\r\n0\r\n\r\n']] as const) {
    reader.read(Buffer.from(ok([...headers], body)))
    assert.equal(reader.complete, true)
    reader.reset()
    assert.deepEqual([reader.started, reader.complete, reader.status, reader.keepAliveMs, reader.text], [false, false, 0, undefined, ''])
  }
})
