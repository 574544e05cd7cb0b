import { mkdtemp, open, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { makeImages } from "../disks/images.ts"
import { play, type Result } from "../disks/play.ts"
import { idOf, type Row } from "../disks/row.ts"
import { rows } from "../disks/rows.ts"
import { copyImage } from "../support/guest/images.ts"

/** Some of `npm run test:disks`, all of them in one session. More of them, without their contents: open-set.test.ts. */
const sample = [
  "none, ext4 on the whole disk",
  "two volumes over two disks, one with a part on each",
  "two groups of one name, from two machines",
  "GPT, its primary header destroyed, the backup used",
  "a volume group on a degraded array of partitions",
  "Btrfs over three disks, data striped, metadata mirrored",
  "NTFS: sparse, compressed and plain files",
  "luks2 on a disk",
  "LUKS in LUKS on LVM on LUKS, each with another key",
  "half of a mirror was away when the other half was written to",
  "a corrupt ext4, a corrupt XFS and a good one beside them",
].map((name) => {
  const row = rows.find((row) => row.name === name)
  if (row === undefined) throw new Error(`the table has no row ${name}`)
  return row
})

let results: Map<string, Result>
let foreign: readonly string[]
const copies: string[] = []

beforeAll(async () => {
  const { folders, failed } = await makeImages(sample)
  if (failed.size > 0) throw new Error([...failed.values()].join("\n"))
  const [whole] = sample as [Row]
  const byte = { ...whole, name: "planted byte", disks: [{ name: "byte", sizeMiB: 32 }] }
  const words = { ...whole, name: "planted words", disks: [{ name: "words", sizeMiB: 32 }] }
  const write = { ...whole, name: "planted write", disks: [{ name: "write", sizeMiB: 32 }] }
  const source = join(folders.get(idOf(whole)) ?? "", "whole.img")
  folders.set(idOf(byte), await copyOf(source, "byte", "one file of three names"))
  folders.set(idOf(words), await copyOf(source, "words"))
  folders.set(idOf(write), await copyOf(source, "write"))
  const planted = [
    { ...byte, volumes: whole.volumes.map((volume) => ({ ...volume, path: "byte", on: ["disk byte"] })) },
    { ...words, volumes: whole.volumes.map((volume) => ({ ...volume, path: "words", label: "OTHER" })) },
    { ...write, volumes: whole.volumes.map((volume) => ({ ...volume, path: "write", on: ["disk write"] })) },
  ]
  const meanwhile = () => changeByte(join(folders.get(idOf(write)) ?? "", "write.img"), (32 << 20) - 1)
  const played = await play([...sample, ...planted], { folders, signal: new AbortController().signal, meanwhile })
  results = new Map(played.results.map((result) => [result.row, result]))
  foreign = played.foreign
}, 600_000) // where nothing is in the cache yet, the disks are made first

/** A copy of an image, in which the first byte of these words, where they stand, is another. */
async function copyOf(image: string, name: string, words?: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "frk-planted-"))
  copies.push(folder)
  await copyImage(image, join(folder, `${name}.img`))
  if (words === undefined) return folder
  const at = (await readFile(image)).indexOf(words)
  if (at < 0) throw new Error(`${image} has nowhere ${words}`)
  await changeByte(join(folder, `${name}.img`), at)
  return folder
}

async function changeByte(image: string, at: number): Promise<void> {
  await using file = await open(image, "r+")
  await file.write("X", at)
}

afterAll(() => Promise.all(copies.map((folder) => rm(folder, { recursive: true }))))

test.each(sample.map(({ name }) => name))("%s", (name) => {
  expect(results.get(name)).toMatchObject({ deviations: [], unchanged: true })
  expect(results.get(name)?.compared).toBeGreaterThan(10)
})

test("nothing else was found", () => expect(foreign).toEqual([]))

describe("what isn't as it should be is told", () => {
  test("a file with another byte", () => {
    expect(results.get("planted byte")?.deviations).toEqual(
      ["meta/hard", "meta/hard 2", "odd/hard 3"].map((path) =>
        expect.stringMatching(`^byte: ${path}: content 23 bytes, sha256 .* instead of 23 bytes`),
      ),
    )
  })

  test("a volume with another label, and one on another disk", () => {
    expect(results.get("planted words")?.deviations).toEqual([
      "volume words: label WHOLE instead of OTHER",
      "volume words: on disk words instead of disk whole",
    ])
  })

  test("a byte of a disk that is written to while it is read, where no file is", () => {
    expect(results.get("planted write")).toMatchObject({ deviations: ["the disks were written to"], unchanged: false })
    expect(results.get("planted write")?.compared).toBeGreaterThan(10)
  })
})
