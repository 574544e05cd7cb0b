/** What Pod Security `restricted` asks of a pod, with the group that block devices on the nodes belong to. */
export const restrictedPod = {
  runAsNonRoot: true,
  runAsUser: 1000,
  runAsGroup: 1000,
  supplementalGroups: [6],
  seccompProfile: { type: "RuntimeDefault" },
}

/** And of each of its containers. */
export const restrictedContainer = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } }
