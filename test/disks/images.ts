import { createHash } from "node:crypto"
import { mkdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { cachePath, exists } from "../support/guest/image-cache.ts"
import { idOf, type Row } from "./row.ts"
import { treeTar } from "./tree.ts"
import { trees } from "./trees.ts"
import { doJobs, type Job } from "./workshop.ts"

/** Disks that one workshop gets at most. */
const disksAtOnce = 100

/**
 * The folders of the rows' images, `NAME.img` for each disk, by the rows' ids. They are kept, under a name that says all
 * they depend on; those that aren't there yet are made, many in one workshop. Says of those that failed why.
 */
export async function makeImages(
  rows: readonly Row[],
  said: (line: string) => void = () => undefined,
): Promise<{ folders: Map<string, string>; failed: Map<string, string> }> {
  const common = await commonHash()
  const folders = new Map(rows.map((row) => [idOf(row), folderOf(row, common)]))
  const missing: Row[] = []
  for (const row of rows) if (!(await exists(folderOf(row, common)))) missing.push(row)
  const failed = new Map<string, string>()
  for (const row of missing)
    await row
      .fetch?.()
      .catch((error: unknown) => failed.set(idOf(row), `what it is made of was not fetched: ${String(error)}`))
  for (const batch of batches(missing.filter((row) => !failed.has(idOf(row))))) {
    const fresh = (row: Row) => `${folderOf(row, common)}.${process.pid}`
    try {
      const jobs = await Promise.all(batch.map((row) => prepare(row, fresh(row))))
      for (const [id, words] of await doJobs(jobs, said)) failed.set(id, words)
      for (const row of batch)
        if (!failed.has(idOf(row))) await rename(fresh(row), folderOf(row, common)).catch(() => undefined) // somebody else's is as good
    } finally {
      for (const row of batch) await rm(fresh(row), { recursive: true, force: true })
    }
  }
  for (const id of failed.keys()) folders.delete(id)
  return { folders, failed }
}

async function prepare(row: Row, folder: string): Promise<Job> {
  await mkdir(folder, { recursive: true })
  for (const { name, sizeMiB } of row.disks) {
    await writeFile(join(folder, `${name}.img`), "")
    await truncate(join(folder, `${name}.img`), sizeMiB * 2 ** 20)
  }
  const disks = row.disks.map(({ name, blockSize }) => ({ file: join(folder, `${name}.img`), blockSize }))
  return { id: idOf(row), disks, script: row.make }
}

function batches(rows: readonly Row[]): Row[][] {
  const all: Row[][] = []
  let disks = disksAtOnce
  for (const row of rows) {
    disks += row.disks.length
    if (disks > disksAtOnce) {
      all.push([])
      disks = row.disks.length
    }
    all.at(-1)?.push(row)
  }
  return all
}

function folderOf(row: Row, common: string): string {
  const { disks, make } = row
  const hash = createHash("sha256")
    .update(JSON.stringify([common, disks, make]))
    .digest("hex")
  return cachePath(`${idOf(row)}-${hash.slice(0, 16)}`)
}

/** Of what all rows are made with. */
async function commonHash(): Promise<string> {
  const hash = createHash("sha256")
  for (const name of ["init", "make", "tools"]) hash.update(await readFile(join(import.meta.dirname, "workshop", name)))
  for (const tree of Object.values(trees)) hash.update(treeTar(tree))
  return hash.digest("hex")
}
