import { spawn } from "node:child_process"
import type { BigIntStats } from "node:fs"
import { lstat, open, opendir, readlink, stat } from "node:fs/promises"
import { RecoveryError } from "../../src/api/reasons.ts"
import type {
  Attributes,
  DirectoryEntry,
  FileSource,
  FoundFile,
  TarOptions,
  VolumeReader,
} from "../../src/files/source.ts"
import { endOfArchive } from "../../src/files/tar/block.ts"
import { readTar } from "../../src/files/tar/reader.ts"
import { paxHeader } from "../../src/files/tar/writer.ts"

/** A FileSource of one volume, `data`, which is a directory of this machine: for tests of the service without a guest. */
export function directorySource(root: string): FileSource {
  const at = (path: Buffer) => Buffer.concat([Buffer.from(root), path])
  const reader: VolumeReader = {
    lstat: async (path) => attributes(await lstat(at(path), exactly).catch(notFound)),
    stat: async (path) => attributes(await stat(at(path), exactly).catch(notFound)),
    readlink: (path) => readlink(at(path), { encoding: "buffer" }),
    list: (path) => batches(at(path)),
    async *read(path, { start, end, lent }) {
      const file = await open(at(path))
      try {
        if (end === start) return
        for await (const chunk of file.createReadStream({ start, end: end - 1, autoClose: false })) {
          const bytes = Buffer.from(chunk as Buffer)
          yield bytes
          if (lent) bytes.fill(0xdb) // whoever uses what was lent after its time serves this
        }
      } finally {
        await file.close()
      }
    },
    release: () => undefined,
  }
  return {
    catalogue: () => ({
      disks: [{ name: "disk", serial: "0-0", sizeBytes: 1024 }],
      volumes: [
        {
          path: "data",
          device: "sda",
          kind: "filesystem",
          filesystem: "ext4",
          sizeBytes: 1024,
          stack: ["disk disk"],
          state: "Mounted",
        },
      ],
    }),
    open: async (volume) => {
      if (volume !== "data") throw new RecoveryError("PathNotFound", `There is no volume ${volume}.`)
      return reader
    },
    async *search(_, path, __, { signal }) {
      const folders = [path.equals(Buffer.from("/")) ? Buffer.alloc(0) : path]
      for (let folder = folders.pop(); folder; folder = folders.pop())
        for await (const batch of batches(at(Buffer.concat([folder, Buffer.from("/")])))) {
          signal.throwIfAborted()
          const found = batch.map((entry) => ({
            ...entry,
            path: Buffer.concat([folder, Buffer.from("/"), entry.name]),
          }))
          folders.push(...found.filter(({ mode }) => (mode & 0o170000) === 0o040000).map(({ path }) => path))
          yield await Promise.all(found.map((file) => withTarget(file, at(file.path))))
        }
    },
    tar: (_, paths, { headers, ...options }) =>
      headers ? headersOf(archived(paths, options)) : archived(paths, options),
  }

  async function* archived(paths: readonly Buffer[], { signal, contents }: TarOptions): AsyncGenerator<Buffer> {
    // arguments of a process are text here: names of other bytes come only from below these
    const names = paths.map((path) => `.${path.toString()}`)
    const form = contents ? ["--hard-dereference"] : ["--acls", "--xattrs"]
    const arguments_ = ["-c", "--format=pax", "--numeric-owner", ...form, "-C", root, "--", ...names]
    const tar = spawn("tar", arguments_, { stdio: ["ignore", "pipe", "ignore"], signal })
    const ended = new Promise<number | null>((resolve) => tar.once("close", resolve).once("error", () => resolve(null)))
    yield* tar.stdout as AsyncIterable<Buffer>
    if ((await ended) !== 0) throw new RecoveryError("VolumeCorrupt", "tar failed")
  }
}

/** The same archive as if all its files were empty, as the guest makes it without a look into them. */
async function* headersOf(tar: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const { header } of readTar(tar)) yield paxHeader({ ...header, sizeBytes: 0 })
  yield endOfArchive
}

async function* batches(path: Buffer): AsyncGenerator<DirectoryEntry[]> {
  // @types/node has no Buffer encoding for opendir, though Node does
  const directory = await opendir(path, { encoding: "buffer" as BufferEncoding })
  for await (const entry of directory) {
    const name = entry.name as unknown as Buffer
    yield [{ name, ...attributes(await lstat(Buffer.concat([path, Buffer.from("/"), name]), exactly)) }]
  }
}

async function withTarget(file: FoundFile, path: Buffer): Promise<FoundFile> {
  if ((file.mode & 0o170000) !== 0o120000) return file
  return { ...file, linkTarget: await readlink(path, { encoding: "buffer" }) }
}

const exactly = { bigint: true } as const

const attributes = ({ mode, size, uid, gid, mtimeNs }: BigIntStats): Attributes => ({
  mode: Number(mode),
  sizeBytes: Number(size),
  uid: Number(uid),
  gid: Number(gid),
  mtimeNs,
})

function notFound(error: NodeJS.ErrnoException): never {
  throw new RecoveryError(error.code === "ENOTDIR" ? "NotADirectory" : "PathNotFound", error.message)
}
