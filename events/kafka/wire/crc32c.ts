/** Castagnoli's polynomial, reflected (RFC 3720, appendix B.4). */
const polynomial = 0x82f63b78

/** What four bytes at once do to the checksum ("slicing-by-4"): `tables[n]` is a byte followed by n others. */
const tables = [0, 1, 2, 3].map(() => new Int32Array(256))
for (let byte = 0; byte < 256; byte++) {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
  tables[0]![byte] = crc
}
for (let n = 1; n < 4; n++)
  for (let byte = 0; byte < 256; byte++) {
    const former = tables[n - 1]![byte]!
    tables[n]![byte] = (former >>> 8) ^ tables[0]![former & 0xff]!
  }
const [one, two, three, four] = tables as [Int32Array, Int32Array, Int32Array, Int32Array]

/** The checksum of `bytes` from `start` to `end`, as a signed number of 32 bits. */
export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  let crc = -1
  let at = start
  for (; at + 4 <= end; at += 4) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    crc = four[crc & 0xff]! ^ three[(crc >>> 8) & 0xff]! ^ two[(crc >>> 16) & 0xff]! ^ one[crc >>> 24]!
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ one[(crc ^ bytes[at]!) & 0xff]!
  return ~crc
}
