import { expect, test } from "vitest"
import type { FileRecoveryAttachment } from "../../../src/api/attachment.ts"
import { ROLE_LABEL, SESSION_UID_LABEL } from "../../../src/api/labels.ts"
import { attachmentManifest } from "../../../src/children/attachment.ts"
import type { ReconcilerDeps } from "../../../src/controller/deps.ts"
import { gatherChildren } from "../../../src/controller/gather-children.ts"
import type { KubeObject, NetworkPolicy, PersistentVolumeClaim, Pod, Service } from "../../../src/kube/objects.ts"
import { ObjectStore } from "../../../src/kube/store.ts"

const session = { namespace: "shop", name: "orders", uid: "5f0c3a52-7d5e-4a5e-9f4e-000000000001" }

test("objects of another namespace that carry the session's label are none of its children", async () => {
  const stores = {
    attachments: new ObjectStore<FileRecoveryAttachment & KubeObject>(),
    pods: new ObjectStore<Pod>(),
    claims: new ObjectStore<PersistentVolumeClaim>(),
    services: new ObjectStore<Service>(),
    networkPolicies: new ObjectStore<NetworkPolicy>(),
  }
  stores.attachments.set(attachmentManifest(session, "test"))
  for (const namespace of [session.namespace, "mallory"]) {
    const labels = { [SESSION_UID_LABEL]: session.uid, [ROLE_LABEL]: "restore" }
    const metadata = { namespace, name: "frsess-x", uid: namespace, labels }
    stores.pods.set({ metadata, status: { phase: "Running" } })
    stores.claims.set({ metadata, status: { phase: "Bound" } })
    stores.services.set({ metadata })
    stores.networkPolicies.set({ metadata })
  }
  // nothing is asked for: the attachment is there, and the status names nothing
  const { pods, claims, network } = await gatherChildren(
    { stores } as unknown as ReconcilerDeps,
    session,
    {},
    { prove: false },
  )
  expect([...pods, ...claims, ...network].map(({ uid }) => uid)).toEqual(["shop", "shop", "shop", "shop"])
})
