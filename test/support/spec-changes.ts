import type { SessionSpecInput } from "../../src/api/spec.ts"
import type { AccessClient } from "../../src/api/clients.ts"
import { claims, snapshots, keys, ed25519, rsa, opened } from "./spec-parts.ts"

/** A change of a spec. Only the API server sees both sides, so these rows are for its CEL rules alone. */
export interface SpecChange {
  name: string
  from: SessionSpecInput
  to: SessionSpecInput
  refused?: string
}

const inside: AccessClient = { podSelector: { matchLabels: { app: "audit" } } }

export const specChanges: SpecChange[] = [
  { name: "unmounted", from: { source: claims }, to: { source: claims, desiredState: "Unmounted" } },
  { name: "ttl raised", from: { source: claims, ttl: "1h" }, to: { source: claims, ttl: "2h" } },
  { name: "ttl lowered", from: { source: claims, ttl: "2h" }, to: { source: claims, ttl: "1h" } },
  { name: "an idleTimeout added", from: { source: claims }, to: { source: claims, idleTimeout: "30m" } },
  {
    name: "an idleTimeout changed",
    from: { source: claims, idleTimeout: "1h" },
    to: { source: claims, idleTimeout: "2h" },
  },
  { name: "an idleTimeout removed", from: { source: claims, idleTimeout: "1h" }, to: { source: claims } },
  { name: "a ttlAfterFinished added", from: { source: claims }, to: { source: claims, ttlAfterFinished: "0s" } },
  {
    name: "a ttlAfterFinished added to an unmounted one",
    from: { source: claims, desiredState: "Unmounted" },
    to: { source: claims, desiredState: "Unmounted", ttlAfterFinished: "0s" },
  },
  { name: "a ttlAfterFinished removed", from: { source: claims, ttlAfterFinished: "1h" }, to: { source: claims } },
  { name: "a public key added", from: { source: claims }, to: opened(ed25519) },
  { name: "another public key", from: opened(ed25519), to: opened(rsa(372), ed25519) },
  { name: "no public key any more", from: opened(ed25519), to: { source: claims } },
  { name: "a client added", from: { source: claims }, to: { source: claims, access: { clients: [inside] } } },
  {
    name: "another client",
    from: { source: claims, access: { clients: [inside] } },
    to: { source: claims, access: { clients: [{ namespaceSelector: {} }, inside] } },
  },
  { name: "no client any more", from: { source: claims, access: { clients: [inside] } }, to: { source: claims } },
  { name: "another source", from: { source: claims }, to: { source: snapshots }, refused: "source can't change" },
  {
    name: "another claim",
    from: { source: claims },
    to: { source: { persistentVolumeClaims: [{ name: "other" }] } },
    refused: "source can't change",
  },
  {
    name: "a StorageClass added",
    from: { source: claims },
    to: { source: { persistentVolumeClaims: [{ name: "data-orders-0", storageClassName: "fast" }] } },
    refused: "source can't change",
  },
  {
    name: "disks in another order",
    from: { source: { volumeSnapshots: [{ name: "a" }, { name: "b" }] } },
    to: { source: { volumeSnapshots: [{ name: "b" }, { name: "a" }] } },
    refused: "source can't change",
  },
  {
    name: "a recovery point added",
    from: { source: claims },
    to: { source: claims, recoveryPoint: { name: "nightly" } },
    refused: "recoveryPoint can't change",
  },
  { name: "verified as it always was not", from: { source: claims }, to: { source: claims, verifySource: false } },
  {
    name: "verified from now on",
    from: { source: claims },
    to: { source: claims, verifySource: true },
    refused: "verifySource can't change",
  },
  {
    name: "no longer verified",
    from: { source: claims, verifySource: true },
    to: { source: claims },
    refused: "verifySource can't change",
  },
  {
    name: "a key added",
    from: { source: claims },
    to: { source: claims, unlock: keys("a/1") },
    refused: "unlock can't change",
  },
  {
    name: "another key",
    from: { source: claims, unlock: keys("a/1") },
    to: { source: claims, unlock: keys("a/2") },
    refused: "unlock can't change",
  },
  {
    name: "no key any more",
    from: { source: claims, unlock: keys("a/1") },
    to: { source: claims },
    refused: "unlock can't change",
  },
  { name: "journals replayed as always", from: { source: claims }, to: { source: claims, journal: "Replay" } },
  {
    name: "journals left alone from now on",
    from: { source: claims },
    to: { source: claims, journal: "Skip" },
    refused: "journal can't change",
  },
  {
    name: "mounted again",
    from: { source: claims, desiredState: "Unmounted" },
    to: { source: claims, desiredState: "Mounted" },
    refused: "Unmounted is final",
  },
  {
    name: "mounted again by leaving it out",
    from: { source: claims, desiredState: "Unmounted" },
    to: { source: claims },
    refused: "Unmounted is final",
  },
]
