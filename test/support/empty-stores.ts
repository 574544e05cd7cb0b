import type { ChildStores } from "../../src/controller/deps.ts"
import { ObjectStore } from "../../src/kube/store.ts"

/** A cache that has heard of nothing yet, as that of an operator whose watches are stuck. */
export const emptyStores = (): ChildStores => ({
  attachments: new ObjectStore(),
  pods: new ObjectStore(),
  claims: new ObjectStore(),
  services: new ObjectStore(),
  networkPolicies: new ObjectStore(),
  snapshots: new ObjectStore(),
  contents: new ObjectStore(),
})
