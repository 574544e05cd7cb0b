import { spawnSync } from "node:child_process"
import { displayName } from "../files/names.ts"
import { statOf } from "./part-file.ts"

type Attributes = ReadonlyMap<string, Buffer>

/** Takes the ACLs and extended attributes of what an archive held. */
export interface AttributeSink {
  /** `path` was placed a moment ago, with these permission bits. */
  add(path: Buffer, attributes: Attributes, mode: number): void
}

interface Waiting {
  readonly path: Buffer
  readonly dev: number
  readonly ino: number
  readonly attributes: Attributes
  readonly mode: number
}

export interface AttributeOptions {
  /** Also those that give power or mean something to the kernel: capabilities, `trusted.*`. For root. */
  readonly privileged: boolean
  /** Told of each of those that was there and isn't kept because it gives power. */
  readonly withheld: (name: string) => void
  /** Told of what could not be kept. */
  readonly lost: (name: string, why: string) => void
}

/** So many are handed to the tools at a time, or so many bytes of attributes: streams of NTFS are long ones. */
const batch = 500
const batchBytes = 16 << 20
/** What Linux takes of an attribute (XATTR_SIZE_MAX), bytes. */
const mostBytes = 65_536
const acls = [
  ["SCHILY.acl.access", ""],
  ["SCHILY.acl.default", "default:"],
] as const
const xattr = "SCHILY.xattr."

/**
 * Keeps ACLs and extended attributes by setfacl(1) and setfattr(1), which Node has no calls for: they are told on standard
 * input, many at a time. Nothing is set on what isn't any more the very file that was placed; names of users are not kept,
 * only numbers.
 */
export class AttributeKeeper implements AttributeSink {
  readonly #options: AttributeOptions
  #waiting: Waiting[] = []
  #waitingBytes = 0

  constructor(options: AttributeOptions) {
    this.#options = options
  }

  add(path: Buffer, attributes: Attributes, mode: number): void {
    const stats = statOf(path)
    if (!stats) return
    this.#waiting.push({ path, dev: stats.dev, ino: stats.ino, attributes, mode })
    for (const value of attributes.values()) this.#waitingBytes += value.length
    if (this.#waiting.length >= batch || this.#waitingBytes >= batchBytes) this.flush()
  }

  /** Sets all that still waits. */
  flush(): void {
    const waiting = this.#waiting.filter(isStillThere)
    this.#waiting = []
    this.#waitingBytes = 0
    this.#run("setfattr", "attr", ["-h", "--restore=-"], waiting, (one) => this.#xattrs(one))
    this.#run("setfacl", "acl", ["--restore=-"], waiting, (one) => this.#acl(one))
  }

  #run(tool: string, from: string, args: string[], waiting: readonly Waiting[], linesOf: (one: Waiting) => string[]) {
    const told = waiting.map((one) => ({ one, lines: linesOf(one) })).filter(({ lines }) => lines.length > 0)
    if (told.length === 0) return
    const input = told.map(({ one, lines }) => `# file: ${escaped(one.path)}\n${lines.join("\n")}\n\n`).join("")
    const { status, error, stderr } = spawnSync(tool, args, { input })
    if (status === 0) return
    const why = error ? `there is no ${tool} here (package ${from})` : stderr.toString().trim().slice(0, 500)
    this.#options.lost(`attributes of ${told.length === 1 ? "a file" : `${told.length} files`}`, why)
  }

  #xattrs({ path, attributes }: Waiting): string[] {
    return [...attributes].flatMap(([key, value]) => {
      if (!key.startsWith(xattr)) return []
      const name = attributeName(key.slice(xattr.length))
      if (isPrivileged(name) && !this.#options.privileged) {
        this.#options.withheld(displayName(path))
        return []
      }
      if ((isPrivileged(name) || /^user\.[^]/.test(name)) && value.length <= mostBytes)
        return [`${escaped(Buffer.from(name))}=0x${value.toString("hex")}`]
      // what the kernel keeps for itself comes from the new file's own place
      if (!/^(system|security\.selinux)/.test(name))
        this.#options.lost(
          displayName(path),
          `attribute ${displayName(Buffer.from(name))} is not kept${tooLong(value)}`,
        )
      return []
    })
  }

  #acl({ path, attributes, mode }: Waiting): string[] {
    const [access = [], defaults = []] = acls.map(([key, prefix]) =>
      (attributes.get(key)?.toString("latin1") ?? "")
        .split(/[,\n]/)
        .filter((entry) => entry !== "")
        .map((entry) => aclLine(entry, prefix)),
    )
    const all = [...access, ...defaults]
    const lines = all.filter((line) => line !== undefined)
    if (lines.length < all.length) {
      this.#options.lost(displayName(path), "its ACL can't be understood and is not kept")
      return []
    }
    // setfacl takes no default without an access
    return access.length === 0 && lines.length > 0 ? [...minimalAcl(mode), ...lines] : lines
  }
}

const isPrivileged = (name: string) => /^trusted\.[^]/.test(name) || name === "security.capability"
const tooLong = ({ length }: Buffer) => (length > mostBytes ? `: ${length} bytes are more than Linux keeps` : "")

/** GNU tar stores `=` and `%` in names of attributes as `%3D` and `%25`. */
const attributeName = (stored: string) => stored.replace(/%(?:3D|25)/g, (code) => (code === "%25" ? "%" : "="))

/** An entry with its user or group as a number, which star's format has at its end. */
function aclLine(entry: string, prefix: string): string | undefined {
  const [, tag, who = "", rights, id] =
    /^(user|group|mask|other|u|g|m|o):([^:]*):([rwx-]{3})(?::(\d+))?$/.exec(entry.trim()) ?? []
  if (tag === undefined || rights === undefined) return undefined
  const number = id ?? who
  return /^\d*$/.test(number) ? `${prefix}${tags[tag] ?? tag}:${number}:${rights}` : undefined
}

/** What the permission bits say, as an ACL. */
function minimalAcl(mode: number): string[] {
  const rights = (bits: number) => `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${bits & 1 ? "x" : "-"}`
  return [`user::${rights(mode >> 6)}`, `group::${rights(mode >> 3)}`, `other::${rights(mode)}`]
}

const tags: Readonly<Record<string, string>> = { u: "user", g: "group", m: "mask", o: "other" }

function isStillThere({ path, dev, ino }: Waiting): boolean {
  const stats = statOf(path)
  return stats !== undefined && stats.dev === dev && stats.ino === ino && (stats.isFile() || stats.isDirectory())
}

/** As both tools read names: every byte but plain ones is a backslash and three octal digits. */
function escaped(bytes: Buffer): string {
  return [...bytes]
    .map((byte) => {
      const char = String.fromCharCode(byte)
      return /[A-Za-z0-9/._-]/.test(char) ? char : `\\${byte.toString(8).padStart(3, "0")}`
    })
    .join("")
}
