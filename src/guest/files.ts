import { RecoveryError } from "../api/reasons.ts"
import type { Guest, GuestVolumeReader } from "./guest.ts"
import type { FileReading } from "./past/file-reading.ts"
import { mountedAt } from "./paths.ts"
import { printable } from "./printable.ts"
import type { Readers } from "./readers.ts"
import { findWords, readFound } from "./search.ts"
import type { SessionHost } from "./session.ts"
import { listDirectory, readFile, readLink, statPath } from "./sftp.ts"
import { runVerb, streamVerb } from "./verb.ts"
import type { Volumes } from "./volumes.ts"

/** Opens what is mounted from a device for reading. */
export type VolumeReading = (device: string) => Promise<GuestVolumeReader>

/** `past`: where files may be read past the guest. */
export function volumeReading(readers: Readers, past?: FileReading): VolumeReading {
  return async (device) => {
    const { channel, release } = await readers.lease(mountedAt(device), device)
    return {
      lstat: (path) => statPath(channel, path, false),
      stat: (path) => statPath(channel, path, true),
      readlink: (path) => readLink(channel, path),
      list: (path) => listDirectory(channel, path),
      read: (path, range) => past?.read(channel, device, path, range) ?? readFile(channel, path, range),
      release,
    }
  }
}

/** The part of a guest that reads files: by sftp where many small answers are wanted, by verbs for whole streams. */
export function guestFiles(
  host: SessionHost,
  volumes: Volumes,
  read: VolumeReading,
): Pick<Guest, "open" | "tar" | "search" | "sha256"> {
  const rootOf = async (volume: string) => {
    const { device } = await volumes.mount(volume)
    return { root: mountedAt(device), deed: { kind: "read", volume: host.underWay.anchorOf(device) } as const }
  }

  return {
    open: async (volume) => read((await volumes.mount(volume)).device),

    async *tar(volume, paths, { signal, contents, headers }) {
      const { root, deed } = await rootOf(volume)
      const all = paths.map((path) => shown(volume, path)).join(", ")
      const failed = (message: string) =>
        new RecoveryError("VolumeCorrupt", `Not all of ${all.slice(0, 1000)} could be read: ${message}`)
      yield* streamVerb(host, headers ? "headers" : contents ? "contents" : "tar", [root, ...paths.map(relative)], {
        signal,
        deed,
        failed,
      })
    },

    async *search(volume, path, tests, { signal }) {
      const { root, deed } = await rootOf(volume)
      const failed = (message: string) =>
        new RecoveryError("VolumeCorrupt", `Not all of ${shown(volume, path)} could be searched: ${message}`)
      yield* readFound(streamVerb(host, "search", [root, path, ...findWords(tests)], { signal, deed, failed }))
    },

    async sha256(volume, path, { signal } = {}) {
      const { root, deed } = await rootOf(volume)
      const failed = (message: string) =>
        new RecoveryError("PathNotFound", `${shown(volume, path)} can't be read: ${message}`)
      const answer = await runVerb(host, "sha256", [root, path], { signal, deed, failed })
      const [sum] = /^[0-9a-f]{64}(?= )/.exec(answer.toString("latin1")) ?? []
      if (sum === undefined) throw new RecoveryError("ProtocolError", "The guest answered sha256 with something else.")
      return sum
    },
  }
}

/** How tar names it: without the slashes in front, `.` for the root. */
function relative(path: Buffer): Buffer {
  let start = 0
  while (path[start] === 0x2f) start++
  return start === path.length ? Buffer.from(".") : path.subarray(start)
}

const shown = (volume: string, path: Buffer) => `${volume}:${printable(path)}`
