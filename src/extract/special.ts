import { spawnSync } from "node:child_process"
import { chmodSync, lchownSync, lutimesSync } from "node:fs"
import { RecoveryError } from "../api/reasons.ts"
import type { TarHeader } from "../files/tar/header.ts"
import { fileTime } from "./file-time.ts"
import type { FileMetadata } from "./part-file.ts"

const letters = { char: "c", block: "b", fifo: "p" } as const

/** Makes a fifo or a device node at a path that is free. Node has no call for it, so mknod(1) does it. */
export function makeSpecial(path: Buffer, header: TarHeader, metadata: FileMetadata): void {
  const { type, deviceMajor, deviceMinor } = header
  if (type !== "char" && type !== "block" && type !== "fifo") throw new TypeError(`${type} is not special`)
  const numbers = type === "fifo" ? [] : [String(deviceMajor), String(deviceMinor)]
  // arguments of child processes are text in Node: other bytes can't be given
  const text = path.toString()
  if (!Buffer.from(text).equals(path))
    throw new RecoveryError("AccessDenied", "A device node can only be made under a name that is UTF-8.")
  const { status, stderr, error } = spawnSync("mknod", ["-m", "600", "--", text, letters[type], ...numbers])
  if (status !== 0)
    throw new RecoveryError("AccessDenied", `mknod failed: ${error?.message ?? stderr.toString().trim()}`)
  if (metadata.owner) lchownSync(path, metadata.owner.uid, metadata.owner.gid)
  chmodSync(path, metadata.mode)
  lutimesSync(path, fileTime(metadata.mtime), fileTime(metadata.mtime))
}
