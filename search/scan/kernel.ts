/**
 * The inner loop of the exact scan in WebAssembly: 16 multiplications an instruction group, seven times as fast as the
 * same loop in JavaScript (0.22 ms against 1.5 ms for 10,000 rows of 256), since JavaScript has no vector instructions and
 * widens every float. Written out here because it is 100 bytes; opcodes: https://webassembly.github.io/spec/core/binary/
 */

/** A run of the kernel takes this many floats at a time: rows are padded with zeros to a multiple of it. */
export const lanes = 16

/** Dot product of the floats from byte `a` up to byte `end` with as many from byte `b`; at least one run. */
export type DotKernel = (a: number, b: number, end: number) => number

const i32 = 0x7f
const f32 = 0x7d
const v128 = 0x7b

const [row, query, end, ...sums] = [0, 1, 2, 3, 4, 5, 6] as const
const bytesPerRun = lanes * 4

const get = (local: number): number[] => [0x20, local]
const set = (local: number): number[] => [0x21, local]
const advance = (local: number): number[] => [...get(local), 0x41, ...signed(bytesPerRun), 0x6a, ...set(local)]
/** Four floats, 4-byte aligned, at so many bytes behind the address on the stack. */
const loadFour = (offset: number): number[] => [0xfd, 0x00, 2, offset]
const addFour = [0xfd, 0xe4, 0x01]
const multiplyFour = [0xfd, 0xe6, 0x01]
const lane = (local: number, at: number): number[] => [...get(local), 0xfd, 0x1f, at]
const add = 0x92
const loop = [0x03, 0x40]
const end_ = 0x0b
const againIfBelow = [0x49, 0x0d, 0]

/** Each of the four sums takes every fourth group of four, so that none waits for another. */
const body = [
  ...loop,
  ...sums.flatMap((sum, n) =>
    [...get(sum), ...get(row), ...loadFour(16 * n), ...get(query), ...loadFour(16 * n), ...multiplyFour, ...addFour, ...set(sum)]),
  ...advance(row), ...advance(query),
  ...get(row), ...get(end), ...againIfBelow,
  end_,
  ...get(sums[0]), ...get(sums[1]), ...addFour, ...get(sums[2]), ...get(sums[3]), ...addFour, ...addFour, ...set(sums[0]),
  ...lane(sums[0], 0), ...lane(sums[0], 1), add, ...lane(sums[0], 2), ...lane(sums[0], 3), add, add,
  end_,
]

const name = (text: string): number[] => [text.length, ...Buffer.from(text)]
const section = (id: number, content: number[]): number[] => [id, ...unsigned(content.length), ...content]
const code = [1, sums.length, v128, ...body]

const binary = Uint8Array.from([
  0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
  ...section(1, [1, 0x60, 3, i32, i32, i32, 1, f32]),
  ...section(2, [1, ...name('arena'), ...name('memory'), 2, 0, 1]),
  ...section(3, [1, 0]),
  ...section(7, [1, ...name('dot'), 0, 0]),
  ...section(10, [1, ...unsigned(code.length), ...code]),
])

/** The kernel over this memory. */
export function createDotKernel(memory: WebAssembly.Memory): DotKernel {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary), { arena: { memory } })
  return exports.dot as DotKernel
}

/** LEB128 */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

function signed(value: number): number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >> 7)]
}
