import type { SessionSpecInput } from "../../src/api/spec.ts"

/** What the tables of specs are put together from. */
export const claims: SessionSpecInput["source"] = { persistentVolumeClaims: [{ name: "data-orders-0" }] }
export const snapshots: SessionSpecInput["source"] = { volumeSnapshots: [{ name: "nightly" }] }
export const named = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `data-${index}` }))

export const points = (...names: string[]) => names.map((name) => ({ name }))

/** `SECRET/KEY` each, as the field has them. */
export const keys = (...all: string[]) =>
  all.map((text) => ({ secretRef: { name: text.replace(/\/.*$/, ""), key: text.replace(/^[^/]*\//, "") } }))

/** Public keys as ssh-keygen writes them, of each type there is; of RSA with so many characters. */
export const ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINPLFcW/c4Uqkz73tvMD0uEfSHbUtyPM1YWjkSf/x1Aa"
export const ecdsa = (bits: number, begin: string, more: number) =>
  `ecdsa-sha2-nistp${bits} AAAAE2VjZHNhLXNoYTItbmlzdHA${begin}${"B".repeat(more)}`
export const rsa = (length: number) => `ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ${"C".repeat(length - 30)}`
export const longest = (index: number) => `${rsa(2805)} ${String(index).padEnd(256, "x")}`
export const opened = (...publicKeys: string[]) => ({ source: claims, access: { publicKeys } })
export const reached = (...clients: unknown[]) => ({ source: claims, access: { clients } })
export const armour = (what: string, body: string) => `-----BEGIN ${what}-----\n${body}\n-----END ${what}-----\n`
