import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { type Manifest } from "./workload.ts"

/**
 * sha256 of every regular file below a directory. Paths are bytes, as latin1 strings, with `prefix` in front, so that
 * they compare with what the application said it wrote.
 */
export async function hashTree(directory: string, prefix: string): Promise<Manifest> {
  const found: Manifest = new Map()
  const walk = async (folder: Buffer, shown: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true, encoding: "buffer" })) {
      const path = Buffer.concat([folder, Buffer.from("/"), entry.name])
      const name = `${shown}/${entry.name.toString("latin1")}`
      if (entry.isDirectory()) await walk(path, name)
      else if (entry.isFile()) found.set(name, await hashFile(path))
    }
  }
  await walk(Buffer.from(join(directory)), prefix)
  return found
}

/** sha256 of one file in hex. */
export async function hashFile(path: Buffer | string): Promise<string> {
  const hash = createHash("sha256")
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest("hex")
}

/** How what was fetched differs from what was written below a prefix; empty when every file is there and equal. */
export function differences(written: Manifest, fetched: Manifest, prefix: string): string[] {
  const wanted = [...written].filter(([path]) => path.startsWith(`${prefix}/`) || path === prefix)
  const wrong = wanted.filter(([path, hash]) => fetched.get(path) !== hash)
  const alien = [...fetched.keys()].filter((path) => !written.has(path))
  return [
    ...(wanted.length === 0 ? [`nothing was written below ${prefix}`] : []),
    ...wrong.map(([path]) => `${fetched.has(path) ? "differs" : "missing"}: ${JSON.stringify(path)}`),
    ...alien.map((path) => `never written: ${JSON.stringify(path)}`),
  ]
}
