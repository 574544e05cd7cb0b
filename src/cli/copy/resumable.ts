import { createHash } from "node:crypto"
import { constants, readdirSync, renameSync, rmSync } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { RecoveryError } from "../../api/reasons.ts"
import { isAlive } from "../alive.ts"
import { childPath, fill, type FileMetadata, moveInto, setMetadata, statOf } from "../../extract/part-file.ts"

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants

/** Less than this is not worth a file that stays (bytes). */
const leastKept = 1024 * 1024

export interface Download {
  readonly directory: Buffer
  readonly name: Buffer
  /** What tells this content from any other: with it, what an earlier call has got is taken up. Absent: nothing is kept. */
  readonly identity: string | undefined
  readonly sizeBytes: number
  readonly metadata: FileMetadata
  /** The content from this byte on. */
  readonly from: (start: number) => AsyncIterable<Buffer>
  /** Told when a part is kept, with its size. */
  readonly kept: (bytes: number) => void
}

/**
 * Writes a file as `writePartFile` does: beside its place, moved there when it is whole. What has come when it breaks off
 * stays, as `.NAME.HASH.PID.part`, and a later call with the same identity goes on from there.
 */
export async function writeResumable(download: Download): Promise<void> {
  const { directory, name, identity, metadata, sizeBytes, from, kept } = download
  const part = childPath(directory, partName(download, process.pid))
  const file = await openPart(download, part)
  let whole = false
  try {
    const { size } = await file.stat()
    const start = size <= sizeBytes ? size : 0
    await fill(file, from(start), start)
    whole = true
    await setMetadata(file, metadata)
  } catch (error) {
    const { size } = await file.stat()
    if (whole || identity === undefined || size < leastKept || isFull(error)) rmSync(part, { force: true })
    else kept(size)
    throw error
  } finally {
    await file.close()
  }
  try {
    moveInto(part, directory, name)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
}

/** An earlier part that nobody writes to any more, under our own name; else a new one. */
async function openPart(download: Download, part: Buffer): Promise<FileHandle> {
  const left = download.identity === undefined ? undefined : leftBehind(download)
  try {
    if (left) {
      renameSync(left, part)
      const file = await open(part, O_WRONLY | O_NOFOLLOW)
      const { nlink, uid } = await file.stat()
      // what has another name as well, or is somebody else's, is not ours to write to
      if (nlink === 1 && uid === process.geteuid?.()) return file
      await file.close()
      throw new RecoveryError("AccessDenied", "It is not ours.")
    }
  } catch {
    // taken by somebody else meanwhile, or no file we would write to: it is started anew
  }
  rmSync(part, { force: true })
  return open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
}

function leftBehind(download: Download): Buffer | undefined {
  const { directory } = download
  const prefix = partName(download, undefined)
  const names = readdirSync(directory, { encoding: "buffer" })
  const left = names.find((name) => {
    if (!name.subarray(0, prefix.length).equals(prefix)) return false
    const [, pid] = /^(\d+)\.part$/.exec(name.subarray(prefix.length).toString("latin1")) ?? []
    return pid !== undefined && !isAlive(Number(pid)) && statOf(childPath(directory, name))?.isFile() === true
  })
  return left && childPath(directory, left)
}

/** `.NAME.HASH.PID.part`, or what it begins with; a long name is cut, the hash is of all of it. */
function partName({ name, identity }: Download, pid: number | undefined): Buffer {
  const hash = createHash("sha256")
    .update(name)
    .update("\0")
    .update(identity ?? "")
    .digest("hex")
    .slice(0, 16)
  const end = pid === undefined ? "" : `${pid}.part`
  return Buffer.concat([Buffer.from("."), name.subarray(0, 200), Buffer.from(`.${hash}.${end}`)])
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && ["ENOSPC", "EDQUOT"].includes(String(error.code))
}
