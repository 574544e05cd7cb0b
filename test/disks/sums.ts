import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { stat } from "node:fs/promises"
import { promisify } from "node:util"

const run = promisify(execFile)
const env = { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` }

/**
 * One sha256 for the bytes of all disks: of what they hold and where (lseek's SEEK_DATA), and of their sizes. The holes of a
 * disk of 16 TB are not read: a write into one makes it an extent.
 */
export async function sumOf(images: readonly string[]): Promise<string> {
  const hash = createHash("sha256")
  for (const image of images) {
    const { size } = await stat(image)
    hash.update(`${size}\n`)
    for (const [start, end] of await extents(image, size)) {
      hash.update(`${start} ${end}\n`)
      const bytes = createReadStream(image, { start, end: end - 1, highWaterMark: 1 << 20 })
      for await (const chunk of bytes) hash.update(chunk as Buffer)
    }
  }
  return hash.digest("hex")
}

async function extents(image: string, size: number): Promise<[start: number, end: number][]> {
  const { stdout } = await run("xfs_io", ["-r", "-c", "seek -a -r 0", image], { env, maxBuffer: 256 << 20 })
  const marks = [...stdout.matchAll(/^(DATA|HOLE)\t(\d+)$/gm)].map(([, kind, at]) => ({ kind, at: Number(at) }))
  return marks.flatMap(({ kind, at }, index) => (kind === "DATA" ? [[at, marks[index + 1]?.at ?? size]] : []))
}
