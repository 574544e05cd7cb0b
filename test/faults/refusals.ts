import { callerOf } from "../support/caller.ts"
import { restrictedContainer, restrictedPod } from "../support/restricted.ts"
import { waitFor } from "../support/wait.ts"
import type { Fault, Group, Undo } from "./fault.ts"
import { cordon } from "./hands/cordon.ts"
import { cluster as clusterCommand } from "./hands/daemons.ts"
import type { Scene } from "./scene.ts"

const engine = "localhost/file-recovery-engine:dev"

/** Puts an object in the way, and takes it away again. */
const stands =
  (object: { kind: string; apiVersion: string; spec: object }) =>
  async (scene: Scene): Promise<Undo> => {
    await scene.cluster.apply({ ...object, metadata: { name: "in-the-way", namespace: scene.namespace } })
    return () => scene.kubectl("delete", object.kind, "in-the-way")
  }
const quota = (hard: object) => stands({ apiVersion: "v1", kind: "ResourceQuota", spec: { hard } })
const limits = (limit: object) => stands({ apiVersion: "v1", kind: "LimitRange", spec: { limits: [limit] } })

/** What must heal by itself as soon as it is taken away. */
const heals = { at: "before", outcome: "recovers" } as const satisfies Partial<Fault>

/**
 * What a cluster can refuse a session, or not have. Pod Security is in force in every stage, as `restricted`, and can't
 * refuse what asks for no more than that: a policy does it in its stead.
 */
export const refusals: Group = {
  name: "refusals",
  faults: [
    { ...heals, name: "ResourceQuota: no more pods", quick: true, strike: quota({ pods: "0" }), says: "QuotaExceeded" },
    {
      ...heals,
      name: "ResourceQuota: no more claims",
      strike: quota({ persistentvolumeclaims: "1" }),
      says: "QuotaExceeded",
    },
    {
      ...heals,
      name: "ResourceQuota: no more storage",
      strike: quota({ "requests.storage": "1Mi" }),
      says: "QuotaExceeded",
    },
    { ...heals, name: "ResourceQuota: no more Secrets", strike: quota({ secrets: "0" }), says: "QuotaExceeded" },
    { ...heals, name: "ResourceQuota: no more Services", strike: quota({ services: "0" }), says: "QuotaExceeded" },
    {
      ...heals,
      name: "LimitRange: containers too large",
      strike: limits({ type: "Container", max: { memory: "64Mi" } }),
      says: "PodRefused",
    },
    {
      ...heals,
      name: "LimitRange: claims too large",
      strike: limits({ type: "PersistentVolumeClaim", max: { storage: "1Mi" } }),
      says: "ClaimRefused",
    },
    { ...heals, name: "somebody's policy refuses the pods", strike: policy, says: "PodRefused" },
    { ...heals, name: "no node takes pods", quick: true, strike: cordon, says: "PodUnschedulable" },
    { ...heals, name: "the engine's image is not on the node", strike: noImage, says: "ImagePullFailed" },
  ],
}

/** A ValidatingAdmissionPolicy of somebody else's, which is in force some time after it was made. */
async function policy(scene: Scene): Promise<Undo> {
  const api = "admissionregistration.k8s.io/v1"
  const metadata = { name: "fault-no-pods" }
  const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": scene.namespace } }
  const rule = { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }
  await scene.cluster.apply(
    {
      apiVersion: api,
      kind: "ValidatingAdmissionPolicy",
      metadata,
      spec: {
        matchConstraints: { namespaceSelector, resourceRules: [rule] },
        validations: [{ expression: "false", message: "no pods today" }],
      },
    },
    {
      apiVersion: api,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata,
      spec: { policyName: metadata.name, validationActions: ["Deny"] },
    },
  )
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "any", namespace: scene.namespace },
    spec: {
      securityContext: restrictedPod,
      containers: [{ name: "any", image: "any", securityContext: restrictedContainer }],
    },
  }
  const refused = async () => (await callerOf(scene.cluster).tries("create", pod)).includes("no pods today")
  await waitFor("the policy to be in force", refused, { seconds: 30 })
  const both = ["validatingadmissionpolicybinding", "validatingadmissionpolicy"].map((kind) => `${kind}/fault-no-pods`)
  return () => scene.cluster.kubectl(["delete", ...both])
}

/** On the nodes the image gets another name, and its own one back. */
async function noImage({ cluster }: Scene): Promise<Undo> {
  const { stdout } = await cluster.kubectl(["get", "nodes", "-o", "name"])
  const nodes = stdout
    .trim()
    .split("\n")
    .map((name) => name.replace("node/", ""))
  const rename = async (from: string, to: string) => {
    for (const node of nodes) {
      const images = ["exec", node, "ctr", "-a", `${cluster.state}/${node}/containerd.sock`, "-n", "k8s.io", "images"]
      await clusterCommand(...images, "tag", from, to)
      await clusterCommand(...images, "rm", from)
    }
  }
  await rename(engine, `${engine}-aside`)
  return () => rename(`${engine}-aside`, engine)
}
