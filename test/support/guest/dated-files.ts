import { run } from "../run.ts"

const second = 1_000_000_000n

/** A file, its time as ext4 has it in its inode (seconds modulo 2^32, what is beyond, nanoseconds), and as listings tell it. */
interface DatedFile {
  readonly name: string
  readonly low: number
  readonly high: number
  readonly nanoseconds: number
  readonly text: string
}

/** Times that 32 bits of seconds don't hold, and those that are none: files of a directory, written to by `dateFiles`. */
export const datedFiles: readonly DatedFile[] = [
  { name: "1960", low: 0xed300880, high: 0, nanoseconds: 0, text: "1960-01-01T00:00:00.000000000Z" },
  { name: "1969", low: 0xffffffff, high: 0, nanoseconds: 5e8, text: "1969-12-31T23:59:59.500000000Z" },
  { name: "2023", low: 0x6553f100, high: 0, nanoseconds: 123_456_789, text: "2023-11-14T22:13:20.123456789Z" },
  { name: "2106", low: 0, high: 1, nanoseconds: 1, text: "2106-02-07T06:28:16.000000001Z" },
  { name: "2446", low: 0x7fffffff, high: 3, nanoseconds: 0, text: "2446-05-10T22:38:55.000000000Z" },
  // 30 bits for the nanoseconds hold more than there are in a second
  { name: "none", low: 5, high: 0, nanoseconds: 2 ** 30 - 1, text: "1970-01-01T00:00:05.000000000Z" },
]

/** Nanoseconds since 1970 of what a listing tells. */
export function nanosecondsOf(text: string): bigint {
  const [whole = "", fraction = ""] = text.replace("Z", "").split(".")
  return BigInt(Date.parse(`${whole}Z`) / 1000) * second + BigInt(fraction)
}

/** Gives the files in a directory of an ext4 their times. */
export async function dateFiles(image: string, directory: string): Promise<void> {
  for (const { name, low, high, nanoseconds } of datedFiles) {
    const set = (field: string, value: string) =>
      run("debugfs", ["-w", "-R", `set_inode_field ${directory}/${name} ${field} ${value}`, image])
    await set("mtime", `@${low}`)
    await set("mtime_extra", String(((nanoseconds * 4) | high) >>> 0))
  }
}
