import type { QemuOptions } from "../arguments.ts"

export interface Wish {
  /** `saved`: out of a saved state where that is safe. */
  readonly boot: "saved" | "cold"
  readonly accel: QemuOptions["accel"]
  /** How many keys of encrypted volumes the guest is to hold. */
  readonly keys: number
}

/**
 * Whether a guest may go on from a saved state. What was emulated has to be emulated again: KVM has other registers. And
 * guests out of one state have the kernel's first random choices in common, so that whoever has the state knows where an
 * attack finds what: a guest that holds keys is booted.
 */
export function mayUseState({ boot, accel, keys }: Wish): boolean {
  return boot === "saved" && accel === "tcg" && keys === 0
}
