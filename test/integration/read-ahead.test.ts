import { execFile } from "node:child_process"
import { link, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, test } from "vitest"
import type { BlockDevice } from "../../src/block/device.ts"
import { readTar } from "../../src/files/tar/reader.ts"
import { openFile } from "../../src/target/backends/file.ts"
import { keepTestGuest, type KeptGuest } from "../support/guest/kept-guest.ts"
import { noise } from "../support/guest/tree.ts"

/** Small files as an archive: how often the disk is asked for them, which is what such an archive takes. */
const run = promisify(execFile)
const { signal } = new AbortController()
const files = new Map<string, Buffer>()
let dir: string
let device: BlockDevice
let kept: KeptGuest
/** Requests of the guest. */
let reads = 0

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "frk-ahead-"))
  const tree = join(dir, "tree")
  // more than are read together, with a directory among them; others are few, in directories of their own
  for (const [folder, count] of Object.entries({ many: 700, "many/few": 3, one: 1, "one/two": 40 })) {
    await mkdir(join(tree, folder), { recursive: true })
    for (let at = 0; at < count; at++) files.set(`${folder}/${at}`, noise(`${folder}${at}`, 4096))
  }
  files.set("one/large", noise("large", 300_000)).set("one/empty", Buffer.alloc(0))
  for (const [name, content] of files) await writeFile(join(tree, name), content)
  await link(join(tree, "many/1"), join(tree, "one/linked"))
  await run("mkfifo", [join(tree, "one/fifo")])
  const image = join(dir, "files.img")
  await run("mke2fs", ["-q", "-F", "-t", "ext4", "-b", "4096", "-L", "files", "-d", tree, image, "32M"])
  await rm(tree, { recursive: true })
  const disk = await openFile(image)
  device = {
    sizeBytes: disk.sizeBytes,
    blockSize: disk.blockSize,
    read: (into, offset) => {
      reads++
      return disk.read(into, offset)
    },
    close: () => disk.close(),
  }
  kept = await keepTestGuest([{ name: "files", serial: "ahead-0", device }])
  await kept.came
}, 600_000)
afterAll(async () => {
  await kept.stop()
  await device.close()
  await rm(dir, { recursive: true })
})

test("small files are read many at a time, and an archive has all of them", async () => {
  const before = reads
  const found = new Map<string, Buffer>()
  const rest: string[] = []
  for await (const { header, body } of readTar(kept.source.tar("files", [Buffer.from("/")], { signal }))) {
    const parts: Buffer[] = []
    for await (const part of body) parts.push(Buffer.from(part))
    const name = header.name.toString().replace(/^\.\//, "")
    if (header.type === "file") found.set(name, Buffer.concat(parts))
    else rest.push(`${header.type} ${name}`)
  }
  // one of the two names of the file is that of a link
  const [linked = ""] = rest.filter((line) => line.startsWith("hardlink"))
  const shared = files.get("many/1") ?? Buffer.alloc(0)
  const wanted = new Map(files).set("one/linked", shared)
  wanted.delete(linked.replace("hardlink ", ""))
  expect(found).toEqual(wanted)
  expect(rest.filter((line) => line !== linked && line !== "directory ").sort()).toEqual([
    "directory lost+found/",
    "directory many/",
    "directory many/few/",
    "directory one/",
    "directory one/two/",
    "fifo one/fifo",
  ])
  expect(reads - before).toBeLessThan(files.size / 5)
})
