import { RecoveryError } from "../api/reasons.ts"
import { AttributeKeeper } from "../extract/attributes.ts"
import { percentEncode } from "../files/names.ts"
import { joinPath, splitPath } from "../files/path.ts"
import { readTar } from "../files/tar/reader.ts"
import type { FilesClient, Place } from "../client/files-client.ts"

type OfFile = ReadonlyMap<string, Buffer>
/** What is kept: what means something to the kernel (capabilities, labels of SELinux, what NTFS has) is not for this place. */
const kept = /^SCHILY\.(?:acl\.(?:access|default)|xattr\.user\..+)$/s
/** Of memory for those of one place: they are known before anything is written. */
const mostBytes = 64 << 20

/** ACLs and extended attributes of what lies at a place and below it: listings don't have them, headers of archives do. */
export class Attributes {
  readonly #byPath = new Map<string, OfFile>()

  /** Rejects with CopyIncomplete where there are more than memory for them. */
  static async read(files: FilesClient, { volume, components }: Place, signal: AbortSignal): Promise<Attributes> {
    const all = new Attributes()
    let bytes = 0
    const form = { format: "tar", headersOnly: true } as const
    for await (const { header } of readTar(await files.archive(volume, [components], form, signal))) {
      const own = [...(header.attributes ?? [])].filter(([name]) => kept.test(name))
      if (own.length === 0) continue
      const path = keyOf(splitPath(header.name))
      bytes += own.reduce((sum, [name, value]) => sum + name.length + value.length, path.length)
      if (bytes > mostBytes)
        throw new RecoveryError(
          "CopyIncomplete",
          "It has too many ACLs and extended attributes: copy its directories one by one.",
        )
      all.#byPath.set(path, new Map(own))
    }
    return all
  }

  /**
   * Gives a file or directory of ours those of its source. To be called while it may still be written; the permission bits are
   * set afterwards. Throws CopyIncomplete where the file system doesn't take them.
   */
  apply(path: Buffer, { components }: Place, mode: number): void {
    const own = this.#byPath.get(keyOf(components))
    if (own === undefined) return
    const lost: string[] = []
    // what gives power is not kept, as it is said of copies
    const withheld = () => undefined
    const keeper = new AttributeKeeper({ privileged: false, withheld, lost: (_, why) => lost.push(why) })
    keeper.add(path, own, mode)
    keeper.flush()
    if (lost.length > 0)
      throw new RecoveryError("CopyIncomplete", `Its ACL or extended attributes can't be kept here: ${lost.join("; ")}`)
  }
}

const keyOf = (components: readonly Buffer[]) => percentEncode(joinPath(components), "/")
