import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { z } from "zod"
import { readTree } from "../../disks/read-tar.ts"
import { hashFile } from "../../support/hashes.ts"

/** What was read: files by their names, each with the sha256 of what it holds, or nothing where only names were read. */
export type Contents = ReadonlyMap<string, string>

const page = z.object({ entries: z.array(z.object({ name: z.string() })) })

/**
 * What a way of reading has left in a folder: in `*.tar` the files of an archive, in `*.names` a name a line, in `*.json` a page
 * of a listing; anything else is a file that was read.
 */
export async function contentsOf(folder: string): Promise<Contents> {
  const found = new Map<string, string>()
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    if (name.endsWith(".tar")) {
      for (const { type, name, content } of await readTree(createReadStream(path)))
        if (type === "file") found.set(belowTree(name.toString("latin1")), sha256(content))
    } else if (name.endsWith(".names")) {
      for (const line of (await readFile(path, "latin1")).split("\n")) if (line !== "") found.set(line, "")
    } else if (name.endsWith(".json")) {
      for (const { name } of page.parse(JSON.parse(await readFile(path, "utf8"))).entries) found.set(name, "")
    } else found.set(name, await hashFile(path))
  }
  return found
}

/** The one names files from the volume's root, the other from the directory; whichever copy it was. */
const belowTree = (name: string) => name.replace(/^tree-\d\//, "")

const sha256 = (bytes: Buffer | undefined) =>
  createHash("sha256")
    .update(bytes ?? "")
    .digest("hex")

/** How what was read differs from what else it was read as; `isPart`: it has to be some of it only. At most ten lines. */
export function unlike(read: Contents, other: Contents, { isPart = false } = {}): string[] {
  const wrong = [...read].flatMap(([name, sum]) => {
    const wanted = other.get(name)
    if (wanted === undefined) return [`${name} is there by the one only`]
    return wanted === sum ? [] : [`${name} has other bytes`]
  })
  const missing = isPart ? [] : [...other.keys()].filter((name) => !read.has(name)).map((name) => `${name} is missing`)
  return [...wrong, ...missing].slice(0, 10)
}
