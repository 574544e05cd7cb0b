import { randomBytes } from "node:crypto"
import { constants, type Stats } from "node:fs"
import { lstat, mkdir, open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises"
import { homedir } from "node:os"
import { join } from "node:path"
import type { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"

/** A state has 160 MB, and more only where the guest has so much memory that it would take longer to load than to boot. */
const maxStateBytes = 320 << 20
const maxStates = 3
/** What is still being written after so long, milliseconds, has nobody any more who writes it. */
const abandonedMs = 3_600_000

/** Where states are kept, beside the appliance. */
export function stateFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "file-recovery", "states")
}

/**
 * Makes the folder. Whoever could write a state would choose what is in a guest's memory and in QEMU's devices, and whoever
 * could read one would know secrets of the guest's kernel: folder and files belong to the user, and to nobody else, or
 * they are not used. Rejects with the reason.
 */
export async function openFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const stats = await lstat(folder)
  if (!stats.isDirectory() || !isPrivate(stats))
    throw new Error(`${folder} is not a folder of this user's that only they can use`)
}

/** A state to read from; undefined when there is none that may be used. It can be read even when it is removed meanwhile. */
export async function findState(folder: string, key: string): Promise<FileHandle | undefined> {
  const file = await open(join(folder, key), constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined)
  const stats = await file?.stat()
  if (file === undefined || stats === undefined) return undefined
  if (stats.isFile() && isPrivate(stats)) {
    await file.utimes(new Date(), new Date()).catch(() => undefined) // of its last use; the folder may be read-only
    return file
  }
  await file.close()
  return undefined
}

export interface Keep {
  readonly folder: string
  readonly key: string
  readonly state: Readable
  /** Resolves when all of the state was written, and rejects when it was not. */
  readonly complete: () => Promise<void>
  readonly signal: AbortSignal
  readonly maxBytes?: number
}

/**
 * Keeps a state under its key, whole or not at all. Of two at once the later stays. Those that have not been used for
 * longest go.
 */
export async function keepState({
  folder,
  key,
  state,
  complete,
  signal,
  maxBytes = maxStateBytes,
}: Keep): Promise<void> {
  const fresh = join(folder, `${key}.${randomBytes(6).toString("hex")}`)
  try {
    const file = await open(fresh, "wx", 0o600)
    await pipeline(state, (chunks: AsyncIterable<Buffer>) => capped(chunks, maxBytes), file.createWriteStream(), {
      signal,
    })
    await complete()
    await rename(fresh, join(folder, key))
  } finally {
    await rm(fresh, { force: true })
  }
  await tidy(folder)
}

/** Where it can't be removed the next guest finds it of no use again. */
export async function dropState(folder: string, key: string): Promise<void> {
  await rm(join(folder, key), { force: true }).catch(() => undefined)
}

async function* capped(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new Error(`the state has more than ${maxBytes} bytes`)
    yield chunk
  }
}

/** Others may be tidying up, too: what is gone is gone. */
async function tidy(folder: string): Promise<void> {
  const names = await readdir(folder)
  const found = await Promise.all(
    names.map(async (name) => {
      const stats = await stat(join(folder, name)).catch(() => undefined)
      return { name, usedMs: stats?.mtimeMs ?? 0 }
    }),
  )
  const states = found.filter(({ name }) => !name.includes(".")).toSorted((a, b) => b.usedMs - a.usedMs)
  const before = Date.now() - abandonedMs
  const abandoned = found.filter(({ name, usedMs }) => name.includes(".") && usedMs < before)
  for (const { name } of [...states.slice(maxStates), ...abandoned]) await rm(join(folder, name), { force: true })
}

function isPrivate({ uid, mode }: Stats): boolean {
  return uid === process.geteuid?.() && (mode & 0o077) === 0
}
