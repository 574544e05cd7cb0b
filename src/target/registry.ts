import { randomInt } from "node:crypto"

/** A session as the registry sees it. */
export interface Member {
  readonly initiatorName: string
  readonly isid: Buffer
  /** Ends it at once because the same initiator logged in anew (RFC 7143 section 6.3.5). */
  replace(): void
  /** Asks the initiator to log out. */
  askToLogOut(): void
  /** Ends it without asking. */
  destroy(): void
}

/** All sessions of a target: reinstatement, handles, and the proof that nobody is logged in any more. */
export class SessionRegistry {
  readonly #members = new Map<string, { member: Member; tsih: number }>()
  readonly #waiting: Array<() => void> = []
  /** Set once the target is being released: nobody new comes in. */
  refusing = false

  get size(): number {
    return this.#members.size
  }

  /** Takes in a session and gives it its handle, never 0; ends the one it reinstates. */
  admit(member: Member): number {
    const key = keyOf(member)
    const old = this.#members.get(key)
    const tsih = this.#freeHandle()
    this.#members.set(key, { member, tsih })
    old?.member.replace()
    return tsih
  }

  /** Whether this member would replace one that is there already. */
  has(member: Pick<Member, "initiatorName" | "isid">): boolean {
    return this.#members.has(keyOf(member))
  }

  /** Forgets a session that ended; a newer one under the same name stays. */
  remove(member: Member): void {
    const key = keyOf(member)
    if (this.#members.get(key)?.member === member) this.#members.delete(key)
    if (this.#members.size === 0) for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Asks everybody to log out; resolves when nobody is left, at once when nobody is there. */
  async release(): Promise<void> {
    this.refusing = true
    for (const { member } of this.#members.values()) member.askToLogOut()
    if (this.#members.size > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Ends everybody without asking. */
  destroy(): void {
    this.refusing = true
    for (const { member } of this.#members.values()) member.destroy()
  }

  #freeHandle(): number {
    const used = new Set([...this.#members.values()].map(({ tsih }) => tsih))
    for (;;) {
      const tsih = randomInt(1, 0x10000)
      if (!used.has(tsih)) return tsih
    }
  }
}

function keyOf({ initiatorName, isid }: Pick<Member, "initiatorName" | "isid">): string {
  return `${isid.toString("hex")} ${initiatorName}`
}
