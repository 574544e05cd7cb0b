import type { GuestVolumeReader } from "../guest.ts"
import type { SystemFacts } from "./facts.ts"
import type { ReadAt } from "./hive.ts"
import { linuxFacts } from "./linux.ts"
import { windowsFacts } from "./windows.ts"

/** Which kind of system the guest saw, and the folder it is known by: that of a root, or of the hives. */
export interface SystemPlace {
  readonly kind: "linux" | "windows"
  readonly folder: string
}

type Reader = Pick<GuestVolumeReader, "read">

/** Longest file of text that is read. */
const maxText = 64 << 10

/** Who it is that lies on a volume. Reads little, and follows links only within the volume. Rejects when nothing can be read. */
export function identify({ kind, folder }: SystemPlace, reader: Reader, signal: AbortSignal): Promise<SystemFacts> {
  return kind === "linux" ? identifyLinux(folder, reader, signal) : identifyWindows(folder, reader, signal)
}

async function identifyLinux(folder: string, reader: Reader, signal: AbortSignal): Promise<SystemFacts> {
  const text = async (...paths: string[]) => {
    for (const path of paths) {
      const found = await contentOf(reader, `${folder}/${path}`, signal)
      if (found !== undefined) return found
    }
    return undefined
  }
  const osRelease = await text("etc/os-release", "usr/lib/os-release")
  const hostname = await text("etc/hostname")
  const fstab = await text("etc/fstab")
  return linuxFacts({
    ...(osRelease === undefined ? {} : { osRelease }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(fstab === undefined ? {} : { fstab }),
  })
}

async function contentOf(reader: Reader, path: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return (await part(reader, path, signal)(0, maxText)).toString("latin1")
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

async function identifyWindows(folder: string, reader: Reader, signal: AbortSignal): Promise<SystemFacts> {
  const hive = async (...names: string[]) => {
    for (const name of names) {
      const read = part(reader, `${folder}/${name}`, signal)
      if ((await read(0, 4).catch(() => undefined)) !== undefined) return read
    }
    return undefined
  }
  const software = await hive("SOFTWARE", "software")
  const system = await hive("SYSTEM", "system")
  return windowsFacts({ ...(software && { software }), ...(system && { system }) })
}

function part(reader: Reader, path: string, signal: AbortSignal): ReadAt {
  return async (start, length) => {
    const chunks: Buffer[] = []
    for await (const chunk of reader.read(Buffer.from(path), { start, end: start + length, signal })) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
}
