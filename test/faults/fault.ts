import type { Reason } from "../../src/api/reasons.ts"
import type { Phase } from "../../src/api/status.ts"
import type { Scene } from "./scene.ts"

/** Takes a fault away again: the quota, the broken network. */
export type Undo = () => Promise<unknown>

/** `before` there is a session; when it is first in a phase; when a quarter of a file has been downloaded. */
export type Moment = "before" | "Pending" | "Provisioning" | "Ready" | "Unmounting" | "download"

/**
 * `recovers`: it is Ready (again), the whole file is downloaded with the right bytes, and it unmounts. `goes`: the object
 * is gone. `ends`: it comes to a terminal phase, for this reason.
 */
export type Outcome = "recovers" | "goes" | { readonly ends: Phase; readonly reason: Reason }

/**
 * One thing that can go wrong, done for real to a session of its own. Whatever the outcome, nothing may be left, nothing
 * of anybody else's may be lost, and the snapshot's bytes must be what they were: `play` sees to that.
 */
export interface Fault {
  /** What goes wrong, for the table. */
  readonly name: string
  /** One of the few that cost little, and that `npm test` plays. */
  readonly quick?: true
  /** What it needs instead of the small Block claim that all share. `own namespace`: one that may go down with it. */
  readonly needs?: "large file" | "Filesystem claim" | "own namespace"
  /** What the session asks for, where it is not the snapshot that all share. */
  readonly spec?: object
  /** Done before there is a session, and undone when the play is over. */
  readonly prepare?: (scene: Scene) => Promise<Undo>
  readonly at: Moment
  /** Done when the session is Ready, before a download begins. */
  readonly arrange?: (scene: Scene) => Promise<unknown>
  /** Does it. What this returns is called when the session has said `says`, at the latest when the play is over. */
  readonly strike: (scene: Scene) => Promise<Undo | void>
  /** What a condition of the session has as its reason while the fault lasts. */
  readonly says?: Reason
  readonly outcome: Outcome
  /** What a recovered session's release waits for, by the reason of a condition, and what ends that. */
  readonly holdsRelease?: { readonly reason: Reason; readonly end: (scene: Scene) => Promise<unknown> }
  /** The longest it may take until then, seconds: what the design promises, or else generous. */
  readonly within?: number
  /** The longest the release of a recovered session may take, where that is longer. */
  readonly releaseWithin?: number
}

/** Faults that need the same surroundings. */
export interface Group {
  readonly name: string
  /** Prepares them, and says how they are taken down. */
  readonly setUp?: () => Promise<Undo>
  readonly faults: readonly Fault[]
}
