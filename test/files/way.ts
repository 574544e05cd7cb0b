import type { Entry } from "../disks/tree.ts"
import type { Loss, Whose } from "./losses.ts"
import type { Scene } from "./scene.ts"

/** One way in which people take files home, with the program they use for it. */
export interface Way {
  /** The command, or what is done, for the table. */
  readonly name: string
  /** What of a tree it can't keep, and says so in docs/using.md. */
  readonly loses: readonly Loss[]
  /** To whom everything belongs afterwards that comes without owners; root unless it is said. */
  readonly whose?: Whose
  /** What names it can't have become. */
  readonly renames?: (name: Buffer) => Buffer
  /** Takes the tree of names and metadata from hell (test/disks/trees.ts) out of the session, and answers what has arrived. */
  take(scene: Scene): Promise<readonly Entry[]>
}
