import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { stat } from "node:fs/promises"
import { promisify } from "node:util"

const run = promisify(execFile)
const env = { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` }
const blockBytes = 4096
const nothing = Buffer.alloc(blockBytes)

/**
 * One sha256 for the bytes of all disks: of their sizes, and of each block that isn't empty, and where it is. Of a disk of 16 TB
 * only what its file holds is read (lseek's SEEK_DATA): the rest of it is zeros, in whatever pieces.
 */
export async function sumOf(images: readonly string[]): Promise<string> {
  const hash = createHash("sha256")
  for (const image of images) {
    const { size } = await stat(image)
    hash.update(`${size}\n`)
    for (const [start, end] of await extents(image, size)) {
      let at = start
      const bytes = createReadStream(image, { start, end: end - 1, highWaterMark: 256 * blockBytes })
      for await (const chunk of bytes as AsyncIterable<Buffer>)
        for (let from = 0; from < chunk.length; from += blockBytes) {
          const block = chunk.subarray(from, from + blockBytes)
          if (!block.equals(nothing.subarray(0, block.length))) hash.update(`${at} `).update(block)
          at += block.length
        }
    }
  }
  return hash.digest("hex")
}

/** Where the file holds anything: from whole blocks to whole blocks. */
async function extents(image: string, size: number): Promise<[start: number, end: number][]> {
  const { stdout } = await run("xfs_io", ["-r", "-c", "seek -a -r 0", image], { env, maxBuffer: 256 << 20 })
  const marks = [...stdout.matchAll(/^(DATA|HOLE)\t(\d+)$/gm)].map(([, kind, at]) => ({ kind, at: Number(at) }))
  return marks.flatMap(({ kind, at }, index) => (kind === "DATA" ? [[at, marks[index + 1]?.at ?? size]] : []))
}
