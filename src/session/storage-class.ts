import type { ObservedSnapshot, ObservedSources, ObservedStorageClass } from "./observed.ts"
import { isVerdict, verdict } from "./verdict.ts"
import type { Verdict } from "./verdict.ts"

/**
 * The StorageClass a disk is cloned with: the one the spec names, else that of the claim the snapshot was taken of, if
 * its driver is the snapshot's, else the only class of that driver. Its clones must go with their claims.
 */
export function chooseStorageClass(
  named: string | undefined,
  snapshot: ObservedSnapshot,
  { storageClasses, claims }: Pick<ObservedSources, "storageClasses" | "claims">,
): ObservedStorageClass | Verdict {
  const driver = snapshot.content?.driver ?? ""
  const find = (name: string | undefined) => storageClasses.find((one) => one.name === name)
  const chosen = named === undefined ? undefined : (find(named) ?? missing(named))
  if (chosen && isVerdict(chosen)) return chosen
  if (chosen && chosen.provisioner !== driver)
    return verdict(
      "StorageClassUnfit",
      `StorageClass ${chosen.name} is of driver ${chosen.provisioner}, but VolumeSnapshot ${snapshot.name} of ${driver}.`,
    )
  const ofClaim = find(claims.find(({ name }) => name === snapshot.claimName)?.storageClassName)
  const found = chosen ?? (ofClaim?.provisioner === driver ? ofClaim : onlyOne(driver, storageClasses))
  if (isVerdict(found) || found.reclaimPolicy === "Delete") return found
  return verdict(
    "ReclaimPolicyRetain",
    `StorageClass ${found.name} has reclaimPolicy ${found.reclaimPolicy}: the clone of VolumeSnapshot ${snapshot.name} would stay behind.`,
  )
}

const missing = (name: string) => verdict("StorageClassNotFound", `There is no StorageClass ${name}.`)

function onlyOne(driver: string, all: readonly ObservedStorageClass[]): ObservedStorageClass | Verdict {
  const [first, ...others] = all.filter(({ provisioner }) => provisioner === driver)
  if (!first) return verdict("StorageClassNotFound", `There is no StorageClass of driver ${driver}.`)
  if (others.length === 0) return first
  const names = [first, ...others].map(({ name }) => name).sort()
  return verdict("StorageClassAmbiguous", `Driver ${driver} has several StorageClasses: ${names.join(", ")}.`)
}
